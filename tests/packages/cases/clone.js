const clone = require('clone');
module.exports = () => {
  const ring = { list: [1, { a: 2 }], at: new Date(5), pattern: /x/gi, map: new Map([['k', { v: 1 }]]), set: new Set([1]) };
  ring.self = ring;
  const made = clone(ring);
  made.list[1].a = 3;
  made.map.get('k').v = 2;
  return [made.self === made, ring.list[1].a, ring.map.get('k').v, made.at.getTime(), String(made.pattern), made.set.has(1), clone.clonePrototype({ inherited: 1 }).inherited, clone({ a: { b: { c: 1 } } }, false, 1)];
};
