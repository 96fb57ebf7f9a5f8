const camelCase = require('camelcase').default;
module.exports = () => [camelCase('foo-bar'), camelCase('FOO_BAR_baz'), camelCase('--foo.bar'), camelCase('foo bar', { pascalCase: true }), camelCase(['given', 'family-name']), camelCase('fooBAR', { preserveConsecutiveUppercase: true }), camelCase('ünïcödé-örd'), camelCase('  ')];
