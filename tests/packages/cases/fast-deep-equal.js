const equal = require('fast-deep-equal');
module.exports = () => [equal({ a: [1, { b: 2 }], d: new Date(5) }, { d: new Date(5), a: [1, { b: 2 }] }), equal([1, 2], [2, 1]), equal(NaN, NaN), equal(/a/g, /a/i), equal({ a: undefined }, {}), equal(null, {}), equal('a', 'a')];
