// `process`, as far as there is one: nothing of the machine, and time and chance of the request only.
'use strict';
const { nextTick } = native;
const { performance } = globalThis;

// Seconds and nanoseconds of the request's clock.
function hrtime(before) {
  const ms = performance.now();
  let seconds = Math.floor(ms / 1000), nanoseconds = Math.round((ms - seconds * 1000) * 1e6);
  if (before !== undefined) {
    seconds -= before[0];
    nanoseconds -= before[1];
    if (nanoseconds < 0) [seconds, nanoseconds] = [seconds - 1, nanoseconds + 1e9];
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.round(performance.now() * 1e6));

const memory = () => ({ rss: 8 << 20, heapTotal: 4 << 20, heapUsed: 2 << 20, external: 0, arrayBuffers: 0 });
const output = (level, fd) => Object.assign(Object.create(Events.prototype), {
  fd,
  isTTY: false,
  writable: true,
  write(text) { native.emit(level, String(text).replace(/\n$/, '')); return true; },
});

const version = 'v20.18.0';
Object.assign(exports, {
  title: 'node',
  version,
  versions: { node: version.slice(1), v8: '11.3.244.8-node.23', openssl: '3.0.13+quic', modules: '115' },
  arch: 'x64',
  platform: 'linux',
  release: { name: 'node', lts: 'Iron' },
  argv: ['node', '/hook.js'],
  execArgv: [],
  execPath: '/usr/bin/node',
  env: {},
  pid: 1,
  ppid: 0,
  exitCode: undefined,
  features: {},
  config: { target_defaults: {}, variables: {} },
  nextTick(callback, ...args) {
    if (typeof callback !== 'function') {
      throw new (require('internal/errors').codes.ERR_INVALID_ARG_TYPE)('callback', 'Function', callback);
    }
    nextTick(callback, args);
  },
  cwd: () => '/',
  umask: () => 0o22,
  uptime: () => performance.now() / 1000,
  hrtime,
  memoryUsage: Object.assign(memory, { rss: () => memory().rss }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  resourceUsage: () => ({}),
  emitWarning() {},
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
  binding() { throw new Error('process.binding is not part of this engine'); },
  abort() { throw new Error('process.abort is not part of this engine'); },
  exit() { throw new Error('process.exit ends nothing here: call cb, or return.'); },
  kill() { throw new Error('process.kill is not part of this engine'); },
  chdir() { throw new Error('process.chdir is not part of this engine'); },
});

// An emitter, whose events never come.
const Events = require('events'); // which reads what is above
exports.stdout = output('info', 1);
exports.stderr = output('error', 2);
Object.setPrototypeOf(exports, Object.create(Events.prototype, { constructor: { value: function process() {}, configurable: true } }));
Object.defineProperty(exports, Symbol.toStringTag, { value: 'process', configurable: true });
