const merge = require('lodash.merge');
module.exports = () => [merge({ a: [{ b: 2 }, { d: 4 }] }, { a: [{ c: 3 }, { e: 5 }] }), merge({}, { a: { x: 1, y: undefined } }, { a: { x: undefined, z: null } }), merge({ f: [1, 2, 3] }, { f: [9] }), Object.hasOwn(merge({}, JSON.parse('{"__proto__": {"bad": 1}}')), 'bad'), {}.bad === undefined];
