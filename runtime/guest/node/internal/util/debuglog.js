// NODE_DEBUG is never set: nothing is logged.
'use strict';

function debuglog(set, callback) {
  const log = () => {};
  Object.defineProperty(log, 'enabled', { get: () => false, configurable: true, enumerable: true });
  if (typeof callback === 'function') callback(log);
  return log;
}

module.exports = { debuglog, debugWithTimer: () => ({ startTimer() {}, endTimer() {}, logTimer() {} }), initializeDebugEnv() {} };
