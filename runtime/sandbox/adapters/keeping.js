// Gives a hook its `context.webtask.storage`, which no JSON can.
((storage) => {
  'use strict';
  const { apply } = Reflect;
  const isObject = (value) => typeof value === 'object' && value !== null;
  return (load) => (exports, require, module, __filename, __dirname) => {
    const returned = apply(load, exports, [exports, require, module, __filename, __dirname]);
    const hook = module.exports;
    if (typeof hook !== 'function') return returned;
    module.exports = (...given) => {
      for (let i = 0; i < given.length; i++) if (isObject(given[i]) && isObject(given[i].webtask)) given[i].webtask.storage = storage;
      return apply(hook, undefined, given);
    };
    return returned;
  };
})
