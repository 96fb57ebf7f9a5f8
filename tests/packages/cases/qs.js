const qs = require('qs');
module.exports = () => [
  qs.parse('user[name]=Ann%20B&user[roles][]=a&user[roles][]=b&x=1&x=2&deep[a][b][c][d][e][f][g]=1'),
  qs.parse('?a.b=c&list=1,2', { allowDots: true, ignoreQueryPrefix: true, comma: true }),
  qs.stringify({ a: { b: [1, 2], c: null, d: undefined }, e: 'ü &=', f: new Date(0) }),
  qs.stringify({ a: [1, 2] }, { arrayFormat: 'repeat', addQueryPrefix: true }),
  qs.stringify({ b: 1, a: 2 }, { sort: (x, y) => x.localeCompare(y), encodeValuesOnly: true }),
  qs.parse('a[]=1&a[5]=2', { arrayLimit: 3 }),
];
