// What Node's JavaScript finds as its C++: one table for each internalBinding that a module asks for.
'use strict';
const { className, promiseState, promiseResult, proxyTarget, proxyHandler } = native;
const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols } = Object;
const isIndex = /^(0|[1-9][0-9]{0,9})$/;

function isA(...names) {
  const [first, second] = names;
  return (value) => {
    const name = className(value);
    return name !== undefined && (name === first || name === second);
  };
}

const types = {
  isExternal: () => false,
  isDate: isA('Date'),
  isArgumentsObject: isA('Arguments', 'MappedArguments'),
  isBigIntObject: isA('BigInt'),
  isBooleanObject: isA('Boolean'),
  isNumberObject: isA('Number'),
  isStringObject: isA('String'),
  isSymbolObject: isA('Symbol'),
  isNativeError: (value) => className(value) === 'Error',
  isRegExp: isA('RegExp'),
  isAsyncFunction: isA('AsyncFunction', 'AsyncGeneratorFunction'),
  isGeneratorFunction: isA('GeneratorFunction', 'AsyncGeneratorFunction'),
  isGeneratorObject: isA('Generator', 'AsyncGenerator'),
  isPromise: isA('Promise'),
  isMap: isA('Map'),
  isSet: isA('Set'),
  isMapIterator: isA('Map Iterator'),
  isSetIterator: isA('Set Iterator'),
  isWeakMap: isA('WeakMap'),
  isWeakSet: isA('WeakSet'),
  isArrayBuffer: isA('ArrayBuffer'),
  isDataView: isA('DataView'),
  isSharedArrayBuffer: isA('SharedArrayBuffer'),
  isProxy: (value) => proxyTarget(value) !== undefined,
  isModuleNamespaceObject: isA('Module'),
  isAnyArrayBuffer: isA('ArrayBuffer', 'SharedArrayBuffer'),
  isBoxedPrimitive: (value) => ['BigInt', 'Boolean', 'Number', 'String', 'Symbol'].includes(className(value)),
};

const [ONLY_ENUMERABLE, SKIP_SYMBOLS] = [2, 16];
const privateSymbols = { __proto__: null };
for (const name of ['arrow_message', 'decorated', 'untransferable_object', 'transfer_mode', 'exit_info']) {
  privateSymbols[`${name}_private_symbol`] = Symbol(name);
}

const util = {
  constants: {
    ALL_PROPERTIES: 0, ONLY_WRITABLE: 1, ONLY_ENUMERABLE, ONLY_CONFIGURABLE: 4, SKIP_STRINGS: 8, SKIP_SYMBOLS,
    kPending: 0, kFulfilled: 1, kRejected: 2, kExiting: 0, kExitCode: 1, kHasExitCode: 2, kDisallowCloneAndTransfer: 0, kTransferable: 1, kCloneable: 2,
  },
  privateSymbols,
  getOwnNonIndexProperties(object, filter) {
    const symbols = filter & SKIP_SYMBOLS ? [] : getOwnPropertySymbols(object);
    const keys = [...getOwnPropertyNames(object).filter((key) => !isIndex.test(key)), ...symbols];
    return filter & ONLY_ENUMERABLE ? keys.filter((key) => getOwnPropertyDescriptor(object, key).enumerable) : keys;
  },
  getConstructorName: (object) => object.constructor.name,
  getPromiseDetails: (promise) => [promiseState(promise), promiseResult(promise)],
  getProxyDetails: (value, both = true) => {
    const target = proxyTarget(value);
    return target === undefined ? undefined : both ? [target, proxyHandler(value)] : target;
  },
  getCallerLocation: () => undefined,
  isConstructor: (value) => { try { Reflect.construct(Object, [], value); return true; } catch { return false; } },
  isArrayBufferDetached: (buffer) => buffer.detached === true,
  guessHandleType: () => 'PIPE',
  sleep() {},
  toUSVString: (text) => `${text}`.toWellFormed(),
  getCallSites: () => [],
  isInsideNodeModules: () => false,
  defineLazyProperties() {},
  shouldAbortOnUncaughtToggle: [0],
};

const symbols = {};
for (const name of ['messaging_deserialize', 'messaging_transfer', 'messaging_transfer_list', 'messaging_clone']) {
  symbols[`${name}_symbol`] = Symbol(name);
}
const decoding = require('internal/decoding-bindings');

// The engine's, to which Node's own JavaScript gives {name, cause}, too.
const { DOMException } = globalThis;
function newDOMException(message, options) {
  const isObject = typeof options === 'object' && options !== null;
  const error = new DOMException(message, isObject ? options.name : options);
  if (isObject && 'cause' in options) {
    Object.defineProperty(error, 'cause', { __proto__: null, value: options.cause, configurable: true, writable: true, enumerable: false });
  }
  return error;
}
newDOMException.prototype = DOMException.prototype;

module.exports = {
  __proto__: null,
  buffer: require('internal/buffer-binding'),
  get url() { return require('internal/url-binding'); },
  config: { hasIntl: true, hasInspector: false, noBrowserGlobals: false, hasOpenSSL: true, fipsMode: false, hasTracing: false, hasNodeOptions: false, isDebugBuild: false, bits: 64 },
  constants: require('internal/constants-of-node'),
  get crypto() { return require('internal/crypto/binding'); },
  errors: { exitCodes: { kNoFailure: 0, kGenericUserError: 1 }, triggerUncaughtException(error) { throw error; } },
  encoding_binding: decoding.encoding_binding,
  icu: decoding.icu,
  messaging: { DOMException: newDOMException },
  options: { getCLIOptionsValues: () => ({ __proto__: null }), getCLIOptionsInfo: () => ({ options: new Map(), aliases: new Map() }), getEmbedderOptions: () => ({}) },
  string_decoder: decoding.string_decoder,
  symbols,
  types,
  util,
  uv: { getErrorMap: () => new Map(require('internal/constants-of-node').uv), errname: (code) => new Map(require('internal/constants-of-node').uv).get(code)?.[0] ?? `Unknown system error ${code}`, UV_EOF: -4095 },
};
