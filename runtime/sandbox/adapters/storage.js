// `context.storage` of webtasks: one JSON document for each, `get(cb)` and `set(data[, { force }], cb)`. What was read last, or is said by
// a conflict, is what `set` wants to be there still, unless it is forced; a `set` before any `get` is. Without cb, a promise.
(() => {
  'use strict';
  const { apply } = Reflect;
  const { then } = Promise.prototype;
  const { parse, stringify } = JSON;
  const TypeErrorHere = TypeError;
  const { operate } = globalThis[Symbol.for('hookd.native')];
  let etag;
  const seen = (said) => { etag = said.etag; return said.data === undefined ? undefined : parse(said.data); };
  const told = (promise, callback) => {
    if (callback === undefined) return promise;
    if (typeof callback !== 'function') throw new TypeErrorHere('The "callback" argument must be of type function.');
    apply(then, promise, [(value) => { callback(null, value); }, (error) => { callback(error); }]);
    return undefined;
  };
  const get = (...given) => {
    const callback = typeof given[0] === 'function' ? given[0] : given[1];
    return told(apply(then, operate('storage_get', {}), [seen]), callback);
  };
  const set = (data, ...rest) => {
    const [options, callback] = typeof rest[0] === 'function' || rest.length < 2 && rest[0] === undefined ? [{}, rest[0]] : rest;
    const text = stringify(data);
    if (text === undefined) throw new TypeErrorHere('The data can not be written as JSON.');
    const detail = { __proto__: null, data: text, etag: options && options.force ? undefined : etag };
    const conflict = (error) => {
      if (error.code === 409) {
        error.conflict = seen(error);
        delete error.data;
        delete error.etag;
      }
      throw error;
    };
    return told(apply(then, operate('storage_set', detail), [(said) => { etag = said.etag; }, conflict]), callback);
  };
  return { get, set };
})()
