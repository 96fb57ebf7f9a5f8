// V8's call sites have more to say than this engine's; packages that look at their caller (depd) ask for it.
'use strict';
const { defineProperty, getPrototypeOf } = Object;
const ANSWERS = {
  isEval: false, isToplevel: true, isAsync: false, isPromiseAll: false, getEvalOrigin: undefined, getThis: undefined,
  getTypeName: null, getMethodName: null, getPromiseIndex: null, getScriptNameOrSourceURL: null,
};

const before = Error.prepareStackTrace;
Error.prepareStackTrace = (_, sites) => sites;
const holder = {};
Error.captureStackTrace(holder);
const CallSite = getPrototypeOf(holder.stack[0]);
Error.prepareStackTrace = before;

const add = (name, value) => defineProperty(CallSite, name, { __proto__: null, value, writable: true, configurable: true });
for (const name in ANSWERS) if (!(name in CallSite)) add(name, () => ANSWERS[name]);
add('toString', function toString() {
  const place = this.isNative() ? 'native' : `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
  return this.getFunctionName() ? `${this.getFunctionName()} (${place})` : place;
});
