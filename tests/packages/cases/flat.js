const { flatten, unflatten } = require('flat');
module.exports = () => [flatten({ a: { b: { c: 1 }, list: [1, { d: 2 }] }, e: null, f: {} }), unflatten({ 'a.b.c': 1, 'list.0': 'x', 'list.1.y': 2 }), flatten({ a: { b: [1] } }, { delimiter: '/', safe: true }), flatten({ a: { b: { c: 1 } } }, { maxDepth: 2 }), unflatten({ 'a.0': 1 }, { object: true })];
