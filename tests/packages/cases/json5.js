const JSON5 = require('json5');
module.exports = () => [
  JSON5.parse("{ // comment\n unquoted: 'single', hex: 0xFF, half: .5, to: +1, list: [1, 2,], more: \"a\\\nb\", inf: [1e3, -0x10], }"),
  JSON5.stringify({ a: "it's", 'b-c': [1, { d: null }], e: undefined }, null, 2),
  JSON5.parse('[1,2,{"a":3}]', (key, value) => (typeof value === 'number' ? value * 2 : value)),
  JSON5.stringify('a"b'),
];
