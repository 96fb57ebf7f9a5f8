// What a hook finds beside JavaScript itself: console, timers, the error classes of the starter code, require.
// Evaluated once at build time; `native` holds the C functions. What it returns is called by C only.
(function (native) {
  'use strict';
  const global = globalThis;
  const { emit, count, start, cancel: cancelOperation } = native;
  const { format, inspect, lookInside } = global.__hookd_inspect;
  const { defineProperty } = Object;
  const { apply, ownKeys } = Reflect;
  const { floor, max } = Math;
  const now = Date.now;
  const TypeErrorHere = TypeError;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const ErrorHere = Error;
  const PromiseHere = Promise;
  const toJSON = JSON.stringify;
  delete global.__hookd_inspect;
  lookInside(native);

  function hidden(object, name, value) {
    defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
  }

  // console

  let depth = 0;
  const counters = { __proto__: null };
  const clocks = { __proto__: null };

  function print(level, args) {
    const text = format(args);
    emit(level, depth === 0 ? text : indentLines(text));
  }

  function indentLines(text) {
    let indent = '';
    for (let i = 0; i < depth; i++) indent += '  ';
    let lines = indent;
    for (let i = 0; i < text.length; i++) lines += text[i] === '\n' ? '\n' + indent : text[i];
    return lines;
  }

  function elapsed(name) {
    return format(['%s: %dms', name, now() - clocks[name]]);
  }

  const console = {
    log(...args) { print('info', args); },
    info(...args) { print('info', args); },
    warn(...args) { print('warn', args); },
    error(...args) { print('error', args); },
    debug(...args) { print('debug', args); },
    trace(...args) { print('error', args); },
    dir(value, options) { emit('info', inspect(value, { customInspect: false, ...options })); },
    assert(ok, ...args) { if (!ok) emit('error', args.length ? 'Assertion failed: ' + format(args) : 'Assertion failed'); },
    group(...args) { if (args.length) print('info', args); depth++; },
    groupEnd() { if (depth > 0) depth--; },
    count(name = 'default') { emit('info', format(['%s: %d', name, counters[name] = (counters[name] | 0) + 1])); },
    countReset(name = 'default') { counters[name] = 0; },
    time(name = 'default') { clocks[name] = now(); },
    timeLog(name = 'default') { if (name in clocks) emit('info', elapsed(name)); },
    timeEnd(name = 'default') { if (name in clocks) { emit('info', elapsed(name)); delete clocks[name]; } },
  };
  // The engine's own says when the memory was made, not when the request began.
  const sinceStart = global.performance.now;
  hidden(global, 'performance', { now() { return sinceStart(); }, get timeOrigin() { return now() - sinceStart(); } });

  hidden(global, 'console', console);
  hidden(global, 'global', global);

  // Timers. The list is kept by due time, then by age; `fire` runs one that is due, so that C can run the jobs between.
  // As in Node, nothing waits for a timer that was unref'ed; it is run when something else was waited for.

  let head = null;
  let lastId = 0;

  class Timeout {
    #timer;
    constructor(timer) { this.#timer = timer; }
    ref() { this.#timer.counts = true; return this; }
    unref() { this.#timer.counts = false; return this; }
    hasRef() { return this.#timer.counts; }
    refresh() {
      const timer = this.#timer;
      if (cancel(timer)) put(timer);
      return this;
    }
    close() { cancel(this.#timer); return this; }
    static of(id) { return typeof id === 'object' && id !== null && #timer in id ? id.#timer : undefined; }
  }
  class Immediate {
    #timer;
    constructor(timer) { this.#timer = timer; }
    ref() { this.#timer.counts = true; return this; }
    unref() { this.#timer.counts = false; return this; }
    hasRef() { return this.#timer.counts; }
    static of(id) { return typeof id === 'object' && id !== null && #timer in id ? id.#timer : undefined; }
  }
  const timerOf = [Timeout.of, Immediate.of];
  delete Timeout.of;
  delete Immediate.of;
  hidden(Timeout.prototype, Symbol.toPrimitive, function () { return timerOf[0](this).id; });
  if (Symbol.dispose) hidden(Timeout.prototype, Symbol.dispose, function () { cancel(timerOf[0](this)); });
  if (Symbol.dispose) hidden(Immediate.prototype, Symbol.dispose, function () { cancel(timerOf[1](this)); });

  function newTimer(callback, delay, every, args) {
    if (typeof callback !== 'function') {
      const error = new TypeErrorHere('The "callback" argument must be of type function. Received ' + native.received(callback));
      hidden(error, 'code', 'ERR_INVALID_ARG_TYPE');
      throw error;
    }
    const wanted = +delay; // once: it may be an object that changes its mind
    const ms = wanted >= 1 && wanted <= 2147483647 ? floor(wanted) : 1;
    return { __proto__: null, id: ++lastId, due: 0, callback, args, ms, every, counts: true, next: null };
  }

  function put(timer) {
    count();
    timer.due = now() + timer.ms;
    insert(timer);
  }

  function insert(timer) {
    if (head === null || head.due > timer.due) {
      timer.next = head;
      head = timer;
      return;
    }
    let at = head;
    while (at.next !== null && at.next.due <= timer.due) at = at.next;
    timer.next = at.next;
    at.next = timer;
  }

  function clear(id) {
    const timer = timerOf[0](id) || timerOf[1](id);
    cancel(timer || id);
  }

  // A timer, or its number, also as text.
  function cancel(wanted) {
    let before = null;
    for (let at = head; at !== null; before = at, at = at.next) {
      if (at !== wanted && at.id !== wanted && (typeof wanted !== 'string' || '' + at.id !== wanted)) continue;
      if (before === null) head = at.next;
      else before.next = at.next;
      return true;
    }
    return false;
  }

  function fire() {
    const timer = head;
    if (timer === null || timer.due > now()) return false;
    head = timer.next;
    if (timer.every) put(timer);
    apply(timer.callback, undefined, timer.args);
    return head !== null && head.due <= now();
  }

  // Milliseconds until the next timer, -1 where none counts. While an operation is under way all of them do: a signal's
  // timeout, which holds nothing up, must still end the request that it is for.
  function waits(busy) {
    let counts = busy;
    for (let at = head; at !== null && !counts; at = at.next) counts = at.counts;
    return head !== null && counts ? max(0, head.due - now()) : -1;
  }

  function schedule(callback, delay, every, args) {
    const timer = newTimer(callback, delay, every, args);
    put(timer);
    return timer;
  }

  hidden(global, 'setTimeout', function setTimeout(callback, delay, ...args) { return new Timeout(schedule(callback, delay, false, args)); });
  hidden(global, 'setInterval', function setInterval(callback, delay, ...args) { return new Timeout(schedule(callback, delay, true, args)); });
  hidden(global, 'setImmediate', function setImmediate(callback, ...args) { return new Immediate(schedule(callback, 0, false, args)); });
  hidden(global, 'clearTimeout', function clearTimeout(id) { clear(id); });
  hidden(global, 'clearInterval', function clearInterval(id) { clear(id); });
  hidden(global, 'clearImmediate', function clearImmediate(id) { clear(id); });

  // process.nextTick: what waits there is run before the jobs of promises. C is told, so that a hook without any pays nothing.

  let ticks = null;
  let lastTick = null;

  function nextTick(callback, args) {
    const tick = { __proto__: null, callback, args, next: null };
    if (ticks === null) ticks = tick;
    else lastTick.next = tick;
    lastTick = tick;
    native.tick();
  }

  function runTicks() {
    while (ticks !== null) {
      const { callback, args } = ticks;
      ticks = ticks.next;
      apply(callback, undefined, args);
    }
  }

  // Operations: what the host does while the hook waits. What comes back is {id, ...} or {id, error: {code, message}}.

  const underWay = { __proto__: null };

  // A promise of the result. `detail` is an object that JSON can hold; `begun`, if given, is called with the id, for `cancel`.
  function operate(kind, detail, begun) {
    return new PromiseHere((resolve, reject) => {
      count();
      const json = toJSON(detail);
      if (json === undefined) throw new TypeErrorHere('An operation has no detail.');
      const id = start(kind, json);
      if (id < 0) {
        reject(failed({ __proto__: null, code: 'ERR_OPERATION_TOO_LARGE', message: 'The operations of this hook ask for more bytes than their limit.' }));
        return;
      }
      underWay[id] = { __proto__: null, resolve, reject };
      if (begun) begun(id);
    });
  }

  // Code and whatever else was said of it beside the message.
  function failed(said) {
    const error = new ErrorHere(said.message);
    const names = ownKeys(said);
    for (let i = 0; i < names.length; i++) if (names[i] !== 'message') error[names[i]] = said[names[i]];
    return error;
  }

  // Nobody waits for it any more: its promise is never settled.
  function abandon(said) {
    const id = said >>> 0; // once: it may be an object that changes its mind
    if (underWay[id] === undefined) return;
    delete underWay[id];
    cancelOperation(id);
  }

  // Settles one; whether it was still under way. Called by C.
  function deliver(result) {
    const operation = underWay[result.id];
    if (operation === undefined) return false;
    delete underWay[result.id];
    if (result.error === undefined) operation.resolve(result);
    else operation.reject(failed(result.error));
    return true;
  }

  native.operate = operate;
  native.abandon = abandon;
  // For what stands around some sources (sandbox/adapters). Who else finds it can ask for the same as by fetch: the host decides.
  hidden(global, Symbol.for('hookd.native'), { operate, abandon });

  // The classes that the starter code uses to say which OAuth error a denial is.

  class ExtensibilityUserError extends ErrorHere {
    constructor(message) {
      super(message);
      hidden(this, 'name', new.target.name);
    }
  }
  function errorClass(name) {
    const kind = { [name]: class extends ExtensibilityUserError {
      constructor(message) {
        super(message);
        hidden(this, 'name', name);
      }
    } }[name];
    hidden(global, name, kind);
  }
  hidden(global, 'ExtensibilityUserError', ExtensibilityUserError);
  errorClass('InvalidRequestError');
  errorClass('InvalidScopeError');
  errorClass('ServerError');

  // For the library (node/), which is evaluated next.
  native.format = format;
  native.inspect = inspect;
  native.nextTick = nextTick;
  native.text = { startsWith: uncurry(String.prototype.startsWith), slice: uncurry(String.prototype.slice) };
  native.received = (value) => typeof value;

  return { format, fire, waits, runTicks, deliver };
})
