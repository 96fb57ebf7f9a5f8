const extend = require('extend');
module.exports = () => [extend({ a: 1 }, { b: 2 }, null), extend(true, { a: { b: 1, list: [1, 2] } }, { a: { c: 2, list: [3] } }), extend(false, {}, { a: { b: 1 } }), extend(true, {}, JSON.parse('{"__proto__": {"bad": true}}')).bad === true, {}.bad === undefined];
