// Kinds: what a value really is, whatever its prototype and its Symbol.toStringTag say, and how that is shown. A kind
// is looked for only where the prototypes suggest it, or where there are none: a test that fails costs an exception.
//   silent     the class is not named when it is the kind itself
//   sizeOf     the number in the prefix
//   isList     the entries have no names; they stand in brackets, in columns
//   keysOf     the keys, when they are not simply the object's own
//   baseOf     the text before the braces, all there is when there are no keys
//   elements   pushes the entries before the keys

const kinds = { __proto__: null };
const branded = list();
const { prototype: errorPrototype } = Error;
const { prototype: objectPrototype } = Object;
const no = list();

function kindOf(value) {
  if (typeof value === 'function') return kinds.Function;
  if (isArray(value)) return kinds.Array;
  const chain = prototypesOf(value);
  if (isError(value) || placeOf(chain, errorPrototype) > 0) return kinds.Error;
  if (isView(value)) return typedArrayName(value) === undefined ? kinds.DataView : kinds.TypedArray;
  for (let i = 0; i < branded.length && chain[0] !== objectPrototype; i++) {
    const { prototype, test } = branded[i];
    if ((chain.length === 0 || placeOf(chain, prototype) > 0) && passes(test, value)) return branded[i];
  }
  return objectToString(value) === '[object Arguments]' ? kinds.Arguments : kinds.Object;
}

function passes(test, value) {
  try {
    return test(value) !== no;
  } catch {
    return false;
  }
}

// Bounded, for a Proxy can make up prototypes without end.
function prototypesOf(value) {
  const chain = list();
  for (let at = getPrototypeOf(value); at !== null && chain.length < 100; at = getPrototypeOf(at)) push(chain, at);
  return chain;
}

const noKind = {
  __proto__: null, silent: false, isList: false, sizeOf: undefined, keysOf, baseOf: undefined, elements: undefined,
};

const kind = (name, more) => (kinds[name] = { __proto__: noKind, name, ...more });

function brandedKind(Class, test, more) {
  push(branded, kind(Class.name, { prototype: Class.prototype, test, ...more }));
}

const dataViewKeys = ['byteLength', 'byteOffset', 'buffer'];
kind('Object', { silent: true });
kind('Arguments');
kind('Function', { baseOf: functionBase });
kind('Error', { keysOf: errorKeys, baseOf: errorBase });
const lengthOf = ({ length }) => length;
kind('Array', { silent: true, isList: true, sizeOf: lengthOf, keysOf: otherKeys, elements: arrayElements });
kind('TypedArray', { isList: true, sizeOf: typedArrayLength, keysOf: otherKeys, elements: typedElements });
kind('DataView', { keysOf: (value, hidden) => withFirst(dataViewKeys, keysOf(value, hidden)) });
brandedKind(Map, mapSize, { sizeOf: mapSize, elements: mapElements });
brandedKind(Set, setSize, { sizeOf: setSize, elements: setElements });
brandedKind(Date, dateValue, { silent: true, baseOf: dateBase });
brandedKind(RegExp, getter(RegExp.prototype, 'source'), { silent: true, baseOf: regExpBase });
brandedKind(Promise, (value) => (engine.promiseState(value) < 0 ? no : true), { elements: promiseElements });
brandedKind(WeakMap, (value) => weakMapHas(value, kinds), { elements: unknownElements });
brandedKind(WeakSet, (value) => weakSetHas(value, kinds), { elements: unknownElements });
for (const Class of [ArrayBuffer, SharedArrayBuffer]) {
  const byteLength = (value, hidden) => withFirst(['byteLength'], keysOf(value, hidden));
  brandedKind(Class, getter(Class.prototype, 'byteLength'), { keysOf: byteLength, elements: bufferElements });
}
for (const Class of [Number, String, Boolean, BigInt, Symbol]) {
  const valueOf = uncurry(Class.prototype.valueOf);
  const baseOf = boxedBase(Class.name, valueOf);
  brandedKind(Class, valueOf, { baseOf, keysOf: Class === String ? otherKeys : keysOf });
}
