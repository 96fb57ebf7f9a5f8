// The timers that are globals, as they were before any hook could change them.
'use strict';
const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
const { deprecate } = require('internal/util');

const custom = Symbol.for('nodejs.util.promisify.custom');
for (const [timer, name] of [[setTimeout, 'setTimeout'], [setImmediate, 'setImmediate']]) {
  Object.defineProperty(timer, custom, { enumerable: true, get: () => require('timers/promises')[name] });
}

function enroll(item, ms) {
  item._idleTimeout = ms;
}

module.exports = {
  setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval, clearInterval,
  _unrefActive: deprecate(() => {}, 'timers._unrefActive() is deprecated.', 'DEP0127'),
  active: deprecate(() => {}, 'timers.active() is deprecated.', 'DEP0126'),
  unenroll: deprecate(() => {}, 'timers.unenroll() is deprecated.', 'DEP0096'),
  enroll: deprecate(enroll, 'timers.enroll() is deprecated.', 'DEP0095'),
};
Object.defineProperty(module.exports, 'promises', { configurable: true, enumerable: true, get: () => require('timers/promises') });
