// V8's call sites have more to say than this engine's; packages that look at their caller (depd) ask for it.
'use strict';
const { defineProperty, getPrototypeOf } = Object;
const ANSWERS = {
  isEval: false, isToplevel: true, isAsync: false, isPromiseAll: false, getEvalOrigin: undefined, getThis: undefined,
  getTypeName: null, getMethodName: null, getPromiseIndex: null, getScriptNameOrSourceURL: null,
};

let CallSite;
{
  const { prepareStackTrace, stackTraceLimit } = Error;
  // The sites are let go at once: what a collection finds later, it would write into the library's memory.
  Error.stackTraceLimit = 1;
  Error.prepareStackTrace = (_, sites) => { CallSite = getPrototypeOf(sites[0]); };
  Error.captureStackTrace({});
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
}

const add = (name, value) => defineProperty(CallSite, name, { __proto__: null, value, writable: true, configurable: true });
for (const name in ANSWERS) if (!(name in CallSite)) add(name, () => ANSWERS[name]);
add('toString', function toString() {
  const place = this.isNative() ? 'native' : `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
  return this.getFunctionName() ? `${this.getFunctionName()} (${place})` : place;
});
