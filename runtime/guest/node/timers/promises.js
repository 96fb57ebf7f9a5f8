// Timers as promises, which a signal can abort.
'use strict';
const timers = require('timers');
const { AbortError } = require('internal/errors');
const { validateAbortSignal, validateBoolean, validateObject } = require('internal/validators');

function checked(options = {}) {
  validateObject(options, 'options');
  if (options.signal !== undefined) validateAbortSignal(options.signal, 'options.signal');
  if (options.ref !== undefined) validateBoolean(options.ref, 'options.ref');
  return options;
}

const timed = (start, stop) => (value, options) => new Promise((resolve, reject) => {
  const { signal, ref = true } = checked(options);
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason });
  const aborted = () => {
    stop(timer);
    reject(new AbortError(undefined, { cause: signal.reason }));
  };
  const timer = start(() => {
    signal?.removeEventListener('abort', aborted);
    resolve(value);
  });
  if (!ref) timer.unref();
  signal?.addEventListener('abort', aborted, { once: true });
});

function setTimeout(delay, value, options) {
  return timed((done) => timers.setTimeout(done, delay), timers.clearTimeout)(value, options);
}

function setImmediate(value, options) {
  return timed((done) => timers.setImmediate(done), timers.clearImmediate)(value, options);
}

async function* setInterval(delay, value, options) {
  checked(options);
  for (;;) yield await setTimeout(delay, value, options);
}

module.exports = {
  setTimeout, setImmediate, setInterval,
  scheduler: { wait: (delay, options) => setTimeout(delay, undefined, options), yield: () => setImmediate() },
};
