// `process`, as far as there is one: nothing of the machine, and time and chance of the request only.
'use strict';
const { nextTick } = native;
const { now } = Date;
const performance = globalThis.performance;

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
  emitWarning() {},
});
