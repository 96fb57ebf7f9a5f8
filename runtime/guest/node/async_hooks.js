// Resources without hooks: what runs in a resource's scope, runs. AsyncLocalStorage is missing, as it could lose its store at an await.
'use strict';
const { validateFunction } = require('internal/validators');
const { apply } = Reflect;
const { defineProperty } = Object;
let last = 1;

class AsyncResource {
  #id = ++last;
  #trigger;
  constructor(type, options) {
    if (typeof type !== 'string') {
      throw new (require('internal/errors').codes.ERR_INVALID_ARG_TYPE)('type', 'string', type);
    }
    this.#trigger = (typeof options === 'number' ? options : options?.triggerAsyncId) ?? 1;
  }
  runInAsyncScope(run, self, ...args) { return apply(run, self, args); }
  emitDestroy() { return this; }
  asyncId() { return this.#id; }
  triggerAsyncId() { return this.#trigger; }
  bind(run, self) {
    validateFunction(run, 'fn');
    const bound = self === undefined ? function (...args) { return apply(run, this, args); } : run.bind(self);
    return defineProperty(bound, 'length', { __proto__: null, value: run.length, configurable: true });
  }
  static bind(run, type, self) { return new AsyncResource(type || run.name || 'bound-anonymous-fn').bind(run, self); }
}

const hook = { enable() { return hook; }, disable() { return hook; } };
Object.assign(exports, {
  AsyncResource,
  createHook: () => hook,
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
});
