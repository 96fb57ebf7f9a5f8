// structuredClone (HTML 2.7), without what only threads have.
'use strict';
const { types } = require('internal/bindings');
const { codes: { ERR_MISSING_ARGS } } = require('internal/errors');
const { DOMException } = globalThis;
const { isBlob } = require('internal/blob');
const errors = { __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function refused(value) {
  let shown;
  try {
    shown = typeof value === 'object' ? '#<' + (value.constructor?.name ?? 'Object') + '>' : String(value);
  } catch {
    shown = 'An object';
  }
  return new DOMException(`${shown} could not be cloned.`, 'DataCloneError');
}

function cloned(value, seen) {
  if (typeof value === 'symbol' || typeof value === 'function') throw refused(value);
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const kept = (copy) => (seen.set(value, copy), copy);
  if (Array.isArray(value)) {
    const copy = kept(new Array(value.length));
    return members(value, copy, seen);
  }
  if (types.isDate(value)) return kept(new Date(value.getTime()));
  if (types.isBoxedPrimitive(value)) {
    const primitive = value.valueOf();
    if (typeof primitive === 'symbol') throw refused(value);
    return kept(Object(primitive));
  }
  if (types.isRegExp(value)) return kept(new RegExp(value.source, value.flags));
  if (types.isAnyArrayBuffer(value)) return kept(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const buffer = cloned(value.buffer, seen);
    const Class = types.isDataView(value) ? DataView : globalThis[tagOf(value)];
    return kept(new Class(buffer, value.byteOffset, types.isDataView(value) ? value.byteLength : value.length));
  }
  if (types.isMap(value)) {
    const copy = kept(new Map());
    for (const [key, item] of [...value]) copy.set(cloned(key, seen), cloned(item, seen));
    return copy;
  }
  if (types.isSet(value)) {
    const copy = kept(new Set());
    for (const item of [...value]) copy.add(cloned(item, seen));
    return copy;
  }
  if (types.isNativeError(value)) return clonedError(value, kept, seen);
  if (types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value) || types.isProxy(value) || types.isGeneratorObject(value)) throw refused(value);
  if (isBlob(value)) return value;
  return members(value, kept({}), seen);
}

const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const tagOf = (array) => Reflect.apply(tag, array, []);

function members(value, copy, seen) {
  for (const key of Object.keys(value)) copy[key] = cloned(value[key], seen);
  return copy;
}

function clonedError(error, kept, seen) {
  const Class = errors[error.name] ?? Error;
  const made = kept(new Class(error.message));
  Object.defineProperty(made, 'stack', { value: error.stack, writable: true, configurable: true, enumerable: false });
  if ('cause' in error) made.cause = cloned(error.cause, seen);
  return made;
}

function structuredClone(value, options) {
  if (arguments.length === 0) throw new ERR_MISSING_ARGS('The "value" argument must be specified');
  const copy = cloned(value, new Map());
  for (const buffer of options?.transfer ?? []) if (types.isArrayBuffer(buffer)) buffer.transfer();
  return copy;
}

module.exports = { structuredClone };
