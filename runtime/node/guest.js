// What runs in a jailed Node before and around a hook: the twin of guest/src/guest.c, and tests compare the two.
// It is given a request over one descriptor and answers over another, mostly the same, in frames of four bytes of length and JSON; the
// host believes none of them (frames.py). An expression of a function of `requests.js` and these two. Runs before the user's source, so
// what it takes from Node is Node's own.
((requests, INPUT, OUTPUT) => {
  'use strict';
  const { read, readSync, writeSync } = require('fs');
  const { Script, constants: { USE_MAIN_CONTEXT_DEFAULT_LOADER: importModuleDynamically } = {} } = require('vm');
  const { format, inspect, types: { isNativeError, isPromise } } = require('util');
  const { builtinModules, isBuiltin } = require('module');
  const { Console } = require('console');
  const { Writable } = require('stream');
  const timers = require('timers');
  const builtin = require;
  const { process, setImmediate: soon, console, Buffer: { from: bytesOf, byteLength, allocUnsafe } } = globalThis;
  const { apply, ownKeys, getOwnPropertyDescriptor } = Reflect;
  const { defineProperty } = Object;
  const { parse, stringify } = JSON;
  const { charCodeAt, indexOf, slice, split } = String.prototype;
  const { join } = Array.prototype;
  const { now } = Date;
  const promisified = Symbol.for('nodejs.util.promisify.custom');
  const { then } = Promise.prototype;
  const { subarray, readUInt32LE, writeUInt32LE } = Buffer.prototype;
  const { set } = Object.getPrototypeOf(Uint8Array.prototype);
  const { toString } = Buffer.prototype;
  const PromiseHere = Promise;
  const ErrorHere = Error;
  const RangeErrorHere = RangeError;
  const TypeErrorHere = TypeError;
  const exit = process.reallyExit;
  const on = process.on;
  const MOST_NAME = 128, MOST_MESSAGE = 4096, MOST_STACK = 8192, MOST_PROPERTIES = 8192, MOST_MEMBERS = 50;

  const hidden = (object, name, value) => defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });

  // Frames

  const readExactly = (size) => {
    const bytes = allocUnsafe(size);
    for (let at = 0; at < size;) {
      const count = readSync(INPUT, bytes, at, size - at, null);
      if (count === 0) exit(0);
      at += count;
    }
    return bytes;
  };
  const receive = () => apply(toString, readExactly(apply(readUInt32LE, readExactly(4), [0])), ['utf8']);
  const send = (text) => {
    const body = bytesOf(text, 'utf8');
    const frame = allocUnsafe(4 + body.length);
    apply(writeUInt32LE, frame, [body.length, 0]);
    apply(set, frame, [body, 4]);
    for (let at = 0; at < frame.length;) at += writeSync(OUTPUT, frame, at, frame.length - at, null);
  };

  // Text. What JSON.stringify makes of a string can not be changed by a hook, what it makes of an object can.

  const hex = (code) => (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
  const isSurrogate = (json, at) => {
    const [u, d, half] = [apply(charCodeAt, json, [at + 1]), apply(charCodeAt, json, [at + 2]) | 32, apply(charCodeAt, json, [at + 3]) | 32];
    return u === 117 && d === 100 && hex(half) && (half >= 97 || half >= 56);
  };
  // A lone surrogate is written as \udXXX, which is JSON but no Unicode text.
  const mended = (json) => {
    if (apply(indexOf, json, ['\\ud']) < 0 && apply(indexOf, json, ['\\uD']) < 0) return json;
    let text = '';
    let from = 0;
    for (let at = 0; at < json.length; at++) {
      if (apply(charCodeAt, json, [at]) !== 92) continue;
      if (isSurrogate(json, at)) {
        text += apply(slice, json, [from, at]) + '\\ufffd';
        from = at + 6;
        at += 5;
      } else at++;
    }
    return text + apply(slice, json, [from]);
  };
  // No assignment: a hook may have put a setter on Array.prototype.
  const add = (list, item) => defineProperty(list, list.length, { __proto__: null, value: item, writable: true, configurable: true, enumerable: true });
  const quoted = (text) => mended(stringify(text));
  const cut = (text, most) => {
    if (text.length * 3 <= most || byteLength(text) <= most) return text;
    const bytes = bytesOf(text, 'utf8');
    let size = most;
    while (size > 0 && (bytes[size] & 0xC0) === 0x80) size--;
    return apply(toString, apply(subarray, bytes, [0, size]), ['utf8']);
  };
  const field = (name, text, most) => `,"${name}":${quoted(cut(text, most))}`;

  // The console: what Node prints, with a level for each line.

  let limits = { console_lines: 0, console_bytes: 0, output_bytes: 0, operations: 0 };
  let lines = '';
  let kept = 0;
  let dropped = 0;
  let bytes = 0;
  let flushing = false;
  const written = () => {
    const text = `"console":[${lines}],"console_dropped":${dropped}`;
    lines = '';
    dropped = 0;
    return text;
  };
  // A hook that waits for long has said what it printed before; one that never waits is asked at its end.
  const flush = () => {
    flushing = false;
    if (!over && !loading) send(`{"outcome":"loaded",${written()}}`);
  };
  const emit = (level, text) => {
    const size = byteLength(text);
    if (kept >= limits.console_lines || size > limits.console_bytes - bytes) dropped++;
    else {
      kept++;
      bytes += size;
      lines += `${lines && ','}["${level}",${quoted(text)}]`;
    }
    if (!flushing) {
      flushing = true;
      soon(flush);
    }
  };
  let indent = '';
  const print = (level, args) => {
    const text = apply(format, undefined, args);
    emit(level, indent ? indent + apply(join, apply(split, text, ['\n']), [`\n${indent}`]) : text);
  };
  const counters = { __proto__: null };
  const clocks = { __proto__: null };
  const elapsed = (name) => format('%s: %dms', name, now() - clocks[name]);
  let table = '';
  const drawing = new Console({ stdout: new Writable({ decodeStrings: false, write(text, encoding, done) { table += text; done(); } }) });
  const methods = {
    log(...args) { print('info', args); },
    info(...args) { print('info', args); },
    warn(...args) { print('warn', args); },
    error(...args) { print('error', args); },
    debug(...args) { print('debug', args); },
    trace(...args) { print('error', args); },
    dir(thing, options) { emit('info', inspect(thing, { customInspect: false, ...options })); },
    dirxml(...args) { print('info', args); },
    table(data, columns) {
      table = '';
      drawing.table(data, columns);
      emit('info', apply(slice, table, [0, -1]));
    },
    assert(ok, ...args) { if (!ok) emit('error', args.length ? `Assertion failed: ${apply(format, undefined, args)}` : 'Assertion failed'); },
    group(...args) { if (args.length) print('info', args); indent += '  '; },
    groupCollapsed(...args) { if (args.length) print('info', args); indent += '  '; },
    groupEnd() { indent = apply(slice, indent, [2]); },
    count(name = 'default') { emit('info', format('%s: %d', name, counters[name] = (counters[name] | 0) + 1)); },
    countReset(name = 'default') { counters[name] = 0; },
    time(name = 'default') { clocks[name] = now(); },
    timeLog(name = 'default') { if (name in clocks) emit('info', elapsed(name)); },
    timeEnd(name = 'default') { if (name in clocks) { emit('info', elapsed(name)); delete clocks[name]; } },
  };
  for (const name of ownKeys(methods)) console[name] = methods[name];
  const stream = (level) => new Writable({
    decodeStrings: false,
    write(chunk, encoding, done) {
      const text = typeof chunk === 'string' ? chunk : apply(toString, chunk, ['utf8']);
      emit(level, text.length && text[text.length - 1] === '\n' ? apply(slice, text, [0, -1]) : text);
      done();
    },
  });
  defineProperty(process, 'stdout', { value: stream('info'), configurable: true, enumerable: true });
  defineProperty(process, 'stderr', { value: stream('error'), configurable: true, enumerable: true });

  // Timers are operations: so many, and none begins after the hook has answered.

  let operations = 0;
  let tooMany = false;
  const count = () => {
    if (operations++ < limits.operations) return;
    tooMany = true;
    throw new RangeErrorHere(`too many operations: the limit is ${limits.operations}`);
  };
  const wrapTimer = (name) => {
    const schedule = timers[name];
    const waits = schedule[promisified];
    const wrapped = { [name](callback, ...rest) {
      if (typeof callback !== 'function') return schedule(callback);
      count();
      let first = true;
      const run = function (...args) {
        if (woken) return;
        if (first) first = false;
        else count();
        apply(callback, this, args);
      };
      const given = [run];
      for (let i = 0; i < rest.length; i++) add(given, rest[i]);
      return apply(schedule, undefined, given);
    } }[name];
    const counted = (...args) => {
      count();
      return apply(waits, undefined, args);
    };
    if (waits) defineProperty(wrapped, promisified, { value: counted });
    timers[name] = wrapped;
    defineProperty(globalThis, name, { value: wrapped, writable: true, configurable: true, enumerable: true });
  };
  wrapTimer('setTimeout');
  wrapTimer('setInterval');
  wrapTimer('setImmediate');

  // Operations: what the host does while the hook waits. What comes back is {id, ...} or {id, error: {code, message}}.

  const underWay = { __proto__: null };
  let lastId = 0;
  let waiting = 0;
  let asked = 0;
  let listening = false;
  const failed = (said) => {
    const error = new ErrorHere(said.message);
    const names = ownKeys(said);
    for (let i = 0; i < names.length; i++) if (names[i] !== 'message') error[names[i]] = said[names[i]];
    return error;
  };
  const ask = (operation) => send(`{"outcome":"pending","operations":[${operation}],${written()}}`);
  // A promise of the result. `detail` is an object that JSON can hold; `begun`, if given, is called with the id, for `abandon`.
  const operate = (kind, detail, begun) => new PromiseHere((resolve, reject) => {
    count();
    const name = quoted(`${kind}`);
    const json = stringify(detail);
    if (json === undefined) throw new TypeErrorHere('An operation has no detail.');
    const size = name.length + json.length;
    if (size > limits.operation_bytes - asked) {
      reject(failed({ code: 'ERR_OPERATION_TOO_LARGE', message: 'The operations of this hook ask for more bytes than their limit.' }));
      return;
    }
    asked += size;
    const id = ++lastId;
    underWay[id] = { __proto__: null, resolve, reject };
    waiting++;
    ask(`{"id":${id},"kind":${name},"detail":${mended(json)}}`);
    if (begun) begun(id);
    listen();
  });
  // Nobody waits for it any more: its promise is never settled.
  const abandon = (said) => {
    const id = said >>> 0; // once: it may be an object that changes its mind
    if (underWay[id] === undefined) return;
    delete underWay[id];
    waiting--;
    ask(`{"id":${id},"kind":"cancel"}`);
  };
  const deliver = (result) => {
    const operation = underWay[result.id];
    if (operation === undefined || woken) return;
    delete underWay[result.id];
    waiting--;
    if (result.error === undefined) operation.resolve(result);
    else operation.reject(failed(result.error));
  };
  // On a thread of Node's, for this process lives as long as something is to be read.
  const readLater = (size, done) => {
    const bytes = allocUnsafe(size);
    const more = (at) => read(INPUT, bytes, at, size - at, null, (error, count) => {
      if (error || count === 0) exit(0);
      if (at + count < size) more(at + count);
      else done(bytes);
    });
    more(0);
  };
  const listen = () => {
    if (listening || loading || waiting === 0) return; // the arguments come first
    listening = true;
    readLater(4, (head) => readLater(apply(readUInt32LE, head, [0]), (body) => {
      listening = false;
      const results = parse(apply(toString, body, ['utf8']));
      for (let i = 0; i < results.length; i++) deliver(results[i]);
      listen();
    }));
  };

  // For what stands around some sources (sandbox/adapters), as in wasm.
  hidden(globalThis, Symbol.for('hookd.native'), { operate, abandon });

  // For modules; a source that names it has the one of sandbox/adapters. Node's own Request and Response are loaded when they are used.
  hidden(globalThis, 'fetch', async function fetch(input, init) {
    const { Request, Response } = globalThis;
    const request = new Request(input, init);
    const { method, url, redirect, signal } = request;
    signal.throwIfAborted();
    const body = request.body ? apply(toString, bytesOf(await request.arrayBuffer()), ['base64']) : undefined;
    let id = 0;
    const stopped = new PromiseHere((resolve, reject) => {
      signal.addEventListener('abort', () => {
        abandon(id);
        reject(signal.reason);
      });
    });
    let said;
    try {
      const answered = operate('fetch', { method, url, redirect, headers: [...request.headers], body }, (begun) => { id = begun; });
      said = await PromiseHere.race([answered, stopped]);
    } catch (cause) {
      throw signal.aborted || tooMany ? cause : new TypeError('fetch failed', { cause });
    }
    const { status, reason: statusText, headers } = said;
    const none = method === 'HEAD' || status === 204 || status === 205 || status === 304;
    const response = new Response(none ? null : bytesOf(said.body, 'base64'), { status, statusText, headers });
    const own = (name, value) => defineProperty(response, name, { __proto__: null, value });
    own('url', said.url);
    own('redirected', said.redirected);
    return response;
  });

  // The classes that the starter code uses to say which OAuth error a denial is.

  class ExtensibilityUserError extends ErrorHere {
    constructor(message) {
      super(message);
      hidden(this, 'name', new.target.name);
    }
  }
  hidden(globalThis, 'ExtensibilityUserError', ExtensibilityUserError);
  const errorClass = (name) => {
    hidden(globalThis, name, { [name]: class extends ExtensibilityUserError {
      constructor(message) {
        super(message);
        hidden(this, 'name', name);
      }
    } }[name]);
  };
  errorClass('InvalidRequestError');
  errorClass('InvalidScopeError');
  errorClass('ServerError');

  let requested = false;
  const requireHere = function require(name) {
    if (!requested && (name === 'http' || name === 'https' || name === 'node:http' || name === 'node:https')) {
      requested = true;
      requests(operate, abandon);
    }
    if (isBuiltin(name)) return builtin(name);
    const error = new ErrorHere(`Cannot find module '${name}'. Node's own modules are here; npm modules are those of the hook's dependencies.`);
    error.code = 'MODULE_NOT_FOUND';
    throw error;
  };
  hidden(globalThis, 'require', requireHere);
  process.argv.length = 1;
  process.execArgv.length = 0;
  // As in a file: only `node -e` has a global for each module.
  for (const name of builtinModules) if (name !== 'console' && name !== 'crypto' && name !== 'process') delete globalThis[name];
  delete globalThis.exports;
  delete globalThis.__filename;
  delete globalThis.__dirname;

  // What the hook did so far.

  let answers = 0;
  let refusedWith;
  let value;
  let state = '';
  let settled;
  let woken = false;
  let over = false;
  let loading = true;
  let evaluated = null;
  let unhandled = null;

  // The one reply. Nothing of the hook runs after it: this process waits to be killed.
  const reply = (text) => {
    if (over) return;
    over = true;
    send(`${text},${written()}}`);
    for (;;) readExactly(1);
  };
  const failure = (code, message) => reply(`{"outcome":"failure","code":"${code}","name":"Error"${field('message', message, MOST_MESSAGE)},"stack":""`);

  const textProperty = (object, name) => {
    try {
      const text = object[name];
      return typeof text === 'string' ? text : undefined;
    } catch {
      return undefined;
    }
  };
  const isObject = (thing) => (typeof thing === 'object' && thing !== null) || typeof thing === 'function';
  const printed = (thing) => {
    try {
      return format(thing);
    } catch {
      return '';
    }
  };
  // A string has half a gigabyte at most, which is more than any hook may have.
  const outOfMemory = {
    __proto__: null,
    'Array buffer allocation failed': true,
    'ArrayBuffer.prototype.resize: Out of memory': true,
    'Invalid string length': true,
    'WebAssembly.Memory(): could not allocate memory': true,
  };
  const limitCode = (name, message, code) => {
    if (name !== 'RangeError') return code;
    if (message === 'Maximum call stack size exceeded') return 'stack_limit';
    return outOfMemory[message] ? 'memory_limit' : code;
  };
  const jsonProperty = (error, name) => {
    try {
      const json = stringify(error[name]);
      return typeof json === 'string' ? mended(json) : undefined;
    } catch {
      return undefined;
    }
  };
  const propertiesOf = (error) => {
    let text = '{';
    let members = 0;
    let keys = [];
    try {
      keys = ownKeys(error);
    } catch { /* a proxy that throws has none */ }
    for (let i = 0; i < keys.length && members < MOST_MEMBERS; i++) {
      const name = keys[i];
      if (typeof name !== 'string' || name === 'name' || name === 'message' || name === 'stack') continue;
      let enumerable = false;
      try {
        enumerable = getOwnPropertyDescriptor(error, name)?.enumerable;
      } catch { /* likewise */ }
      const json = enumerable ? jsonProperty(error, name) : undefined;
      if (json === undefined || byteLength(name) > MOST_NAME) continue;
      const member = `${members ? ',' : ''}${quoted(name)}:${json}`;
      if (byteLength(text) + byteLength(member) + 2 > MOST_PROPERTIES) continue;
      text += member;
      members++;
    }
    return members ? `,"properties":${quoted(`${text}}`)}` : '';
  };
  const errorReply = (kind, code, thrown) => {
    let name;
    let message;
    let stack = '';
    if (isObject(thrown)) {
      name = textProperty(thrown, 'name');
      message = textProperty(thrown, 'message');
      if (isNativeError(thrown)) stack = textProperty(thrown, 'stack') ?? '';
    }
    message ??= printed(thrown);
    const properties = kind === 'refusal' && isNativeError(thrown) ? propertiesOf(thrown) : '';
    reply(`{"outcome":"${kind}","code":"${limitCode(name, message, code)}"${field('name', name ?? 'Error', MOST_NAME)}${field('message', message, MOST_MESSAGE)}${field('stack', stack, MOST_STACK)}${properties}`);
  };
  const threw = (thrown) => errorReply('failure', tooMany ? 'operation_limit' : 'threw', thrown);
  const answer = (given) => {
    if (given === undefined) return reply('{"outcome":"answer"');
    let json;
    try {
      json = stringify(given);
    } catch (error) {
      return errorReply('failure', 'malformed_answer', error);
    }
    if (json === undefined) return failure('malformed_answer', 'The answer can not be written as JSON.');
    if (byteLength(json) > limits.output_bytes) return failure('output_limit', 'The answer as JSON is larger than the output limit.');
    return reply(`{"outcome":"answer","value":${mended(json)}`);
  };

  // The hook's code has run as far as it can: what is there to say?
  const conclude = () => {
    woken = false;
    if (state === 'rejected') return threw(settled);
    if (state === 'fulfilled') {
      state = 'taken';
      if (settled !== undefined && answers++ === 0) value = settled;
    }
    if (answers > 1) return failure('answered_twice', 'cb was called more than once, or a value was returned beside it.');
    if (answers === 0) return undefined;
    return refusedWith ? errorReply('refusal', 'refused', refusedWith) : answer(value);
  };
  // When what runs now, with all its microtasks, is done; no timer comes before.
  const wake = () => {
    if (woken) return;
    woken = true;
    soon(conclude);
  };
  const cb = (error, given) => {
    if (answers++ === 0) {
      refusedWith = error;
      value = given;
      if (error) send('{"refused":true}');
    }
    wake();
  };
  const follow = (returned) => {
    if (!isObject(returned)) return;
    let promise = returned;
    if (!isPromise(returned)) {
      if (typeof returned.then !== 'function') return;
      promise = new PromiseHere((resolve) => { resolve(returned); });
    }
    const settle = (how) => (given) => {
      state = how;
      settled = given;
      wake();
    };
    const settles = [settle('fulfilled'), settle('rejected')];
    try {
      defineProperty(promise, 'constructor', { __proto__: null, value: undefined, configurable: true }); // or `then` asks it, and it is the hook's
    } catch { /* frozen */ }
    apply(then, promise, settles);
  };
  const invoke = (hook, given) => {
    const inputs = [];
    for (let i = 0; i < given.length && i < 7; i++) add(inputs, given[i] === null ? undefined : given[i]);
    add(inputs, cb);
    // What it printed and began while it loaded is nothing of the request's, as where an image is kept.
    unhandled = null;
    lines = '';
    kept = dropped = bytes = operations = 0;
    tooMany = false;
    let returned;
    try {
      returned = apply(hook, undefined, inputs);
      follow(returned);
    } catch (error) {
      threw(error);
    }
  };

  // The source

  const place = (error) => {
    const [, line, caret] = /^hook\.js:(\d+)\n.*\n( *)\^/.exec(error.stack) ?? [];
    return line ? `\n    at hook.js:${line}:${caret.length + 1}` : '';
  };
  const compile = (source) => {
    try {
      return new Script(source, { filename: 'hook.js', lineOffset: -1, importModuleDynamically });
    } catch (error) {
      return reply(`{"outcome":"failure","code":"${limitCode(error.name, error.message, 'syntax_error')}"${field('name', error.name, MOST_NAME)}${field('message', error.message, MOST_MESSAGE)}${field('stack', `${error.name}: ${error.message}${place(error)}`, MOST_STACK)}`);
    }
  };
  const begin = (request) => {
    limits = request.limits;
    const module = { exports: {} };
    const script = compile(request.source);
    try {
      apply(script.runInThisContext(), module.exports, [module.exports, requireHere, module, '/hook.js', '/']);
    } catch (error) {
      threw(error);
    }
    // What breaks from here on is no matter of the source, but of what it began.
    evaluated = () => {
      evaluated = null;
      loading = false;
      if (request.loads) reply('{"outcome":"loaded"');
      send('{"loaded":true}');
    };
    // Once what it began while it loaded, microtasks, is done.
    soon(() => {
      let hook;
      try {
        hook = module.exports;
      } catch (error) {
        threw(error);
      }
      if (typeof hook !== 'function') failure('not_a_function', 'module.exports is not a function.');
      evaluated();
      const given = parse(receive());
      listen();
      invoke(hook, given);
    });
  };

  process.setUncaughtExceptionCaptureCallback((error) => {
    evaluated?.();
    threw(error);
  });
  apply(on, process, ['unhandledRejection', (reason, promise) => { unhandled ??= { reason, promise }; }]);
  apply(on, process, ['rejectionHandled', (promise) => { if (unhandled?.promise === promise) unhandled = null; }]);
  // Nothing is left that could answer.
  apply(on, process, ['beforeExit', () => {
    if (loading) return;
    if (unhandled) threw(unhandled.reason);
    failure('no_answer', 'The hook ended without calling cb and without returning a value.');
  }]);
  send('{"ready":true}');
  begin(parse(receive()));
})
