// A hook that prints, spoils every built-in that it can reach, and prints again. Both halves must be the same.

const { log, dir } = console;
const { ownKeys, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
const all = [
  { a: [1, 'x', { b: 2 }], get g() { return 1; }, set s(v) {}, u: undefined, [Symbol('s')]: -0 },
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  [undefined, , null],
  Object.assign([1], { extra: 1 }),
  new Map([['k', { v: 1 }], [{}, []]]),
  new Set([1, 'é\n', "it's"]),
  new Date(0),
  new Uint8Array(3),
  new ArrayBuffer(2),
  new DataView(new ArrayBuffer(2)),
  class A extends Map {},
  new (class B { c = 1; })(),
  function f() {},
  async () => {},
  Object('s'),
  Object(5),
  5n,
  Symbol('t'),
  new WeakMap(),
  Object.create(null),
  new Proxy({ p: 1 }, { __proto__: null }),
  Promise.resolve(1),
  (function () { return arguments; })(1, 2),
  Object.assign(new Error('m', { cause: 'c' }), { code: 5, stack: 'Error: m\n    at f (hook.js:1:2)' }),
  { [Symbol.for('nodejs.util.inspect.custom')]: (depth, options) => 'depth ' + depth + ' of ' + options.depth },
];
all[all.length] = { all };
all[0].self = all[0];

function print() {
  log('%s %d %i %f %j %o %O %c%%', 's', 1.5, '2', 3, 1, { a: 1 }, { b: [2] }, 'c', 'rest');
  for (let i = 0; i < all.length; i++) {
    log(all[i]);
    log('%O|%o', all[i], all[i]);
    dir(all[i], { showHidden: true, sorted: true, numericSeparator: true, breakLength: 20 });
    dir(all[i], { compact: true, getters: true, depth: null });
  }
}

function spoil(object) {
  if (object === null || (typeof object !== 'object' && typeof object !== 'function')) return;
  const keys = ownKeys(object);
  for (let i = 0; i < keys.length; i++) {
    const { value, configurable } = getOwnPropertyDescriptor(object, keys[i]);
    if (typeof value !== 'function' || keys[i] === 'constructor') continue;
    if (configurable) spoiled[spoiled.length] = [object, keys[i]];
    if (typeof value.prototype === 'object' && object === globalThis) spoil(value.prototype), spoil(value);
  }
}

const spoiled = [];
const bad = { __proto__: null, value() { throw new TypeError('spoiled'); }, configurable: true };
const trap = { __proto__: null, get() { return 'spoiled'; }, set() { throw new TypeError('spoiled'); }, configurable: true };

module.exports = function (cb) {
  print();
  spoil(globalThis);
  for (const object of [Reflect, Math, JSON, [].values(), new Map().values(), new Set().values(), ''.matchAll(/x/g)]) {
    for (let at = object; at !== null; at = getPrototypeOf(at)) spoil(at);
  }
  spoil(getPrototypeOf(Uint8Array)), spoil(getPrototypeOf(Uint8Array.prototype));
  for (let i = 0; i < spoiled.length; i++) if (spoiled[i][0] !== globalThis) defineProperty(spoiled[i][0], spoiled[i][1], bad);
  const names = ['value', 'get', 'set', 'base', 'isWhole', 'depth', 'indentation', 'own', 'text', 'key', 'writable'];
  for (let i = 0; i < names.length; i++) defineProperty(Object.prototype, names[i], trap);
  for (let i = 0; i < 9; i++) defineProperty(Array.prototype, i, trap);
  print();
  cb(null, spoiled.length);
};
