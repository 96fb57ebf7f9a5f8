// Makes a hook of a webtask: `(cb)`, `(ctx, cb)` or `(ctx, req, res)` becomes `(context, cb)`. npm's webtask-runtime 1.7.1
// says what is accepted and in which words the rest is not. `context` is what the function gets as `ctx`, and `request`
// {method, url, headers, query, body, text}, which `req` is made of, the rest by the context. Through `res` it answers {"hookd:response": {status,
// headers, body}}, which the host reads (webtasks.py): nothing in it is trusted there.
// Runs before the user's source, so what it takes from JavaScript is JavaScript's own; what is called later is taken now.
((storage) => {
  'use strict';
  const { apply, ownKeys } = Reflect;
  const { isArray } = Array;
  const { fromCharCode } = String;
  const { toLowerCase } = String.prototype;
  const { then } = Promise.prototype;
  const { defineProperty } = Object;
  const { asyncIterator } = Symbol;
  const ErrorHere = Error;
  const TypeErrorHere = TypeError;
  const PromiseHere = Promise;
  const BytesHere = Uint8Array;
  const soon = queueMicrotask;
  const unescaped = [escape, decodeURIComponent];
  const lower = (name) => apply(toLowerCase, `${name}`, []);
  const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value);
  const object = (value) => isObject(value) ? value : {};
  const forEach = (list, visit) => { for (let i = 0; i < list.length; i++) visit(list[i]); };
  const add = (list, item) => { list[list.length] = item; };
  const fail = (message, code) => {
    const error = new ErrorHere(message);
    if (code) error.code = code;
    throw error;
  };

  // Events, as far as streams are listened to.

  const listened = (stream) => {
    const listeners = { __proto__: null };
    const on = (event, listener, once) => {
      if (typeof listener !== 'function') throw new TypeErrorHere('The "listener" argument must be of type function.');
      add(listeners[event] = listeners[event] ?? [], { listener, once });
      stream.begin(event);
      return stream.shown;
    };
    const emit = (event, value) => {
      const called = listeners[event] ?? [];
      const kept = [];
      forEach(called, (one) => { if (!one.once) add(kept, one); });
      listeners[event] = kept;
      forEach(called, (one) => apply(one.listener, stream.shown, value === undefined ? [] : [value]));
      return called.length > 0;
    };
    const off = (event, listener) => {
      const kept = [];
      forEach(listeners[event] ?? [], (one) => { if (one.listener !== listener) add(kept, one); });
      listeners[event] = kept;
      return stream.shown;
    };
    stream.methods = {
      on: (event, listener) => on(event, listener, false),
      addListener: (event, listener) => on(event, listener, false),
      once: (event, listener) => on(event, listener, true),
      off,
      removeListener: off,
      removeAllListeners(event) { forEach(event === undefined ? ownKeys(listeners) : [event], (name) => { delete listeners[name]; }); return stream.shown; },
      emit,
      listenerCount: (event) => (listeners[event] ?? []).length,
    };
    return emit;
  };

  // req: the body is there already, and is given out as one chunk of text.

  const requestOf = (sent, context) => {
    const text = sent.text ?? context.body_raw ?? '';
    const stream = { begin(event) { if (event === 'data' || event === 'readable') flow(event); } };
    const emit = listened(stream);
    let flowing = false;
    let rest = text === '' ? null : text;
    const flow = (event) => {
      if (flowing) return;
      flowing = true;
      soon(() => {
        if (event === 'readable') emit('readable');
        else if (rest !== null) {
          const chunk = rest;
          rest = null;
          emit('data', chunk);
        }
        soon(() => { req.complete = true; emit('end'); emit('close'); });
      });
    };
    const req = stream.shown = {
      method: sent.method ?? 'GET',
      url: sent.url ?? '/',
      httpVersion: '1.1',
      headers: sent.headers ?? context.headers ?? {},
      query: sent.query ?? context.query ?? {},
      body: sent.body,
      complete: false,
      ...stream.methods,
      setEncoding() { return req; },
      resume() { flow('data'); return req; },
      pause() { return req; },
      read() { const chunk = rest; rest = null; return chunk; },
      pipe(target) {
        req.on('data', (chunk) => { target.write(chunk); });
        req.on('end', () => { target.end(); });
        return target;
      },
    };
    req[asyncIterator] = () => {
      let given = rest === null;
      const next = () => {
        const done = given;
        given = true;
        const value = done ? undefined : req.read();
        return new PromiseHere((resolve) => { resolve({ value, done }); });
      };
      return { next, [asyncIterator]() { return this; } };
    };
    return req;
  };

  // res

  const textOf = (chunk) => {
    if (typeof chunk === 'string') return chunk;
    if (!(chunk instanceof BytesHere)) throw new TypeErrorHere('The "chunk" argument must be of type string or an instance of Uint8Array.');
    let bytes = '';
    for (let i = 0; i < chunk.length; i++) bytes += fromCharCode(chunk[i]);
    try {
      return unescaped[1](unescaped[0](bytes));
    } catch {
      return bytes;
    }
  };
  const valueOf = (name, value) => {
    if (value === undefined) throw new TypeErrorHere(`Invalid value "undefined" for header "${name}"`);
    if (!isArray(value)) return `${value}`;
    const values = [];
    forEach(value, (one) => add(values, `${one}`));
    return values;
  };
  const responseOf = (answer) => {
    const headers = { __proto__: null };
    let body = '';
    let status = 0;
    const stream = { begin() {} };
    const emit = listened(stream);
    const open = () => { if (status) fail('Cannot set headers after they are sent to the client', 'ERR_HTTP_HEADERS_SENT'); };
    const valid = (code) => code >= 100 && code < 1000 ? code | 0 : fail(`Invalid status code: ${code}`, 'ERR_HTTP_INVALID_STATUS_CODE');
    const send = () => {
      if (status) return;
      status = valid(res.statusCode);
      res.headersSent = true;
    };
    const write = (chunk) => {
      if (res.writableEnded) fail('write after end', 'ERR_STREAM_WRITE_AFTER_END');
      const text = textOf(chunk);
      send();
      body += text;
    };
    const last = (given) => { forEach(given, (callback) => { if (typeof callback === 'function') soon(() => { callback(); }); }); };
    const res = stream.shown = {
      statusCode: 200,
      statusMessage: undefined,
      headersSent: false,
      finished: false,
      writableEnded: false,
      ...stream.methods,
      setHeader(name, value) { open(); headers[lower(name)] = { name: `${name}`, value: valueOf(name, value) }; return res; },
      getHeader(name) { return headers[lower(name)]?.value; },
      getHeaders() {
        const all = { __proto__: null };
        forEach(ownKeys(headers), (name) => { all[name] = headers[name].value; });
        return all;
      },
      getHeaderNames: () => ownKeys(headers),
      hasHeader: (name) => headers[lower(name)] !== undefined,
      removeHeader(name) { open(); delete headers[lower(name)]; },
      writeHead(code, ...rest) {
        open();
        res.statusCode = valid(code);
        if (typeof rest[0] === 'string') res.statusMessage = rest[0];
        const given = object(typeof rest[0] === 'string' ? rest[1] : rest[0]);
        forEach(ownKeys(given), (name) => res.setHeader(name, given[name]));
        send();
        return res;
      },
      flushHeaders() { send(); },
      write(chunk, ...rest) { write(chunk); last(rest); return true; },
      end(chunk, ...rest) {
        if (res.writableEnded) return res;
        if (typeof chunk === 'function') last([chunk]);
        else if (chunk !== undefined && chunk !== null) write(chunk);
        send();
        res.finished = res.writableEnded = true;
        const sent = { __proto__: null };
        forEach(ownKeys(headers), (name) => { sent[headers[name].name] = headers[name].value; });
        answer({ __proto__: null, 'hookd:response': { __proto__: null, status, headers: sent, body } });
        last(rest);
        emit('finish');
        emit('close');
        return res;
      },
    };
    return res;
  };

  // The module. What `module.webtask` is while the source loads is filled when the request is there.

  const secrets = {};
  const meta = {};
  const params = {};
  const fill = (target, from) => {
    forEach(ownKeys(object(from)), (name) => { target[name] = from[name]; });
    return target;
  };
  const unsupported = (name) => () => fail(`The '${name}' method is not supported in this environment`);
  const contextOf = (given) => {
    const context = { data: {}, headers: {}, query: {}, ...given };
    delete context.request;
    context.params = fill(params, given.params);
    context.secrets = fill(secrets, given.secrets);
    context.meta = fill(meta, given.meta);
    context.storage = storage;
    context.create_token = unsupported('create_token');
    context.create_token_url = unsupported('create_token_url');
    return context;
  };
  const adapt = (webtask) => (given, cb) => {
    const context = contextOf(object(given));
    let answered = false;
    const answer = (error, value) => { answered = true; cb(error, value); };
    let returned;
    if (webtask.length === 1) returned = webtask(answer);
    else if (webtask.length === 2) returned = webtask(context, answer);
    else returned = webtask(context, requestOf(object(object(given).request), context), responseOf((value) => answer(null, value)));
    if (!(returned instanceof PromiseHere)) return undefined;
    return apply(then, returned, [() => undefined, (error) => { if (!answered) throw error; }]);
  };
  const refuse = (message) => {
    const error = new ErrorHere(message);
    defineProperty(error, 'name', { __proto__: null, value: 'NoSuchExport' });
    throw error;
  };
  return (load) => (exports, require, module, __filename, __dirname) => {
    const inner = { exports, id: '.', filename: __filename, loaded: false, webtask: { secrets, meta, params, storage } };
    const webtask = apply(load, exports, [exports, require, inner, __filename, __dirname]) || inner.exports;
    if (typeof webtask !== 'function') refuse('Supplied code must return or export a function.');
    if (webtask.length < 1 || webtask.length > 3) refuse('The JavaScript function must have one of the following signatures: ([ctx], callback) or (ctx, req, res).');
    module.exports = adapt(webtask);
  };
})
