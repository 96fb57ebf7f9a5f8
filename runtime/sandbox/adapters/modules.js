// (the hook's source, the script of its modules, the builtins that they require) -> the function that the guest calls.
// A builtin that the guest does not have breaks who uses it, not who requires it: most packages never do.
(hook, modules, builtins) => function (exports, outer, module, filename, dirname) {
  const missing = (path) => {
    const target = function () {};
    const known = Object.create(null);
    const fail = () => {
      const error = new Error(`${path} is not available in the sandbox: a hook that needs it has to run with engine = "node"`);
      error.code = 'ERR_UNSUPPORTED';
      throw error;
    };
    const proxy = new Proxy(target, {
      apply: fail,
      construct: fail,
      getPrototypeOf: () => (proxy === undefined ? null : face),
      get(_, key) {
        if (typeof key === 'symbol' || key === 'then' || key === '__esModule') return undefined;
        if (Object.hasOwn(target, key) || key in Function.prototype) return target[key];
        return key === 'default' ? proxy : known[key] ??= missing(`${path}.${key}`);
      },
    });
    const face = new Proxy({}, { get: (_, key) => (key in Object.prototype ? Object.prototype[key] : proxy[key]) });
    return proxy;
  };
  const stubs = Object.create(null);
  const builtin = (name) => {
    try {
      return outer(name);
    } catch (error) {
      const own = String(name).replace(/^node:/, '');
      if (error?.code !== 'MODULE_NOT_FOUND' || !builtins.includes(own)) throw error;
      return stubs[own] ??= missing(own);
    }
  };
  const made = { exports: {} };
  modules(made.exports, Object.assign(builtin, outer), made, filename, dirname);
  const table = made.exports;
  const require = (name) => (typeof name === 'string' && name in table ? table[name]() : outer(name));
  Reflect.apply(hook, this, [exports, Object.assign(require, outer), module, filename, dirname]);
  // What is required inside of a function is loaded now, once, and not in every request.
  for (const name in table) {
    try {
      table[name]();
    } catch {
      // Then who requires it there is told.
    }
  }
}
