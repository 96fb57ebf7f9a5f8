const merge = require('deepmerge');
module.exports = () => [merge({ a: [1], b: { c: 1, d: [{ e: 1 }] } }, { a: [2], b: { d: [{ f: 2 }], g: 3 } }), merge.all([{ x: 1 }, { y: { z: 2 } }, { y: { w: 3 } }]), merge([1, 2], [3], { arrayMerge: (_, source) => source }), merge({ a: { b: 1 } }, { a: { c: 2 } }, { customMerge: (key) => (key === 'a' ? (x, y) => [x, y] : undefined) })];
