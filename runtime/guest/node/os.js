// `os`: a machine with nothing to tell.
'use strict';
const { os: constants } = require('internal/constants-of-node');
const { performance } = globalThis;
const free = 32 << 20;
const named = (name, value) => {
  const get = { [name]: () => value }[name];
  get[Symbol.toPrimitive] = get;
  return get;
};

module.exports = {
  arch: named('arch', 'x64'),
  availableParallelism: () => 1,
  cpus: () => [],
  endianness: named('endianness', 'LE'),
  freemem: named('freemem', free),
  getPriority: () => 0,
  homedir: named('homedir', '/'),
  hostname: named('hostname', 'localhost'),
  loadavg: () => [0, 0, 0],
  networkInterfaces: () => ({}),
  platform: named('platform', 'linux'),
  release: named('release', '6.1.0'),
  setPriority() {},
  tmpdir: named('tmpdir', '/tmp'),
  totalmem: named('totalmem', free),
  type: named('type', 'Linux'),
  userInfo: () => ({ uid: -1, gid: -1, username: 'hook', homedir: '/', shell: null }),
  uptime: () => performance.now() / 1000,
  version: named('version', '#1'),
  machine: named('machine', 'x86_64'),
  devNull: '/dev/null',
  EOL: '\n',
  constants,
};
