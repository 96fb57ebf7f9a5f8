// Every built-in that showing a value takes, captured before any code of a user's, and what only the engine knows.
//
// The files of this folder give `format` and `inspect`, which show values as util.format and util.inspect of Node 20
// do. build.py joins them, in the order that it names them in, inside one strict function: they see each other's names.
// Evaluated once at build time. Nothing that a hook does later changes them: they call what is captured here only,
// lists have no prototype (so that no setter on Array.prototype sees them), no iterator is used, and no template
// literal, for QuickJS makes it a call of String.prototype.concat.

const { apply } = Reflect;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols } = Object;
const { getPrototypeOf, is, keys: enumerableNames, setPrototypeOf } = Object;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { isError } = Error;
const { floor, max, min, round, sqrt } = Math;
const { stringify } = JSON;
const { isFinite, isInteger } = Number;
const { toPrimitive, toStringTag } = Symbol;
const customSymbol = Symbol.for('nodejs.util.inspect.custom');
const [toText, toNumber, parseWhole, parseDecimal] = [String, Number, parseInt, parseFloat];
const [NewRegExp, Bytes] = [RegExp, Uint8Array];

const methods = (object, ...names) => names.map((name) => uncurry(object[name]));
const getter = (object, name) => uncurry(getOwnPropertyDescriptor(object, name).get);
const [hasOwn, isEnumerable, objectToString] =
  methods(Object.prototype, 'hasOwnProperty', 'propertyIsEnumerable', 'toString');
const [slice, indexOf, contains, startsWith, endsWith] =
  methods(String.prototype, 'slice', 'indexOf', 'includes', 'startsWith', 'endsWith');
const [charCode, repeat, padStart, upperCase] =
  methods(String.prototype, 'charCodeAt', 'repeat', 'padStart', 'toUpperCase');
const [functionToString] = methods(Function.prototype, 'toString');
const [errorToString] = methods(Error.prototype, 'toString');
const [symbolToString] = methods(Symbol.prototype, 'toString');
const [toRadix] = methods(Number.prototype, 'toString');
const [regExpToString, exec] = methods(RegExp.prototype, 'toString', 'exec');
const [dateToISOString, dateValue] = methods(Date.prototype, 'toISOString', 'getTime');
const [sort] = methods(Array.prototype, 'sort');
const [weakMapHas] = methods(WeakMap.prototype, 'has');
const [weakSetHas] = methods(WeakSet.prototype, 'has');
const [mapEntries] = methods(Map.prototype, 'entries');
const [setValues] = methods(Set.prototype, 'values');
const [nextOfMap] = methods(getPrototypeOf(new Map().entries()), 'next');
const [nextOfSet] = methods(getPrototypeOf(new Set().values()), 'next');
const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');
const typedArrayName = getter(getPrototypeOf(Uint8Array.prototype), toStringTag);
const typedArrayLength = getter(getPrototypeOf(Uint8Array.prototype), 'length');

// What only the engine knows. Until `lookInside` gives it, a promise is shown as pending, and a Proxy is not seen to
// be one: it is shown by what its traps answer.
let engine = {
  promiseState: (value) => (getPrototypeOf(value) === null ? -1 : 0), // 1 fulfilled, 2 rejected, -1 no promise
  promiseResult: (value) => undefined,
  proxyTarget: (value) => undefined, // undefined: no Proxy, null: a revoked one
  proxyHandler: (value) => undefined,
};

function lookInside(functions) {
  engine = functions;
}
