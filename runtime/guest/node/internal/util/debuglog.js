// NODE_DEBUG is never set: nothing is logged.
'use strict';

function debuglog() {
  const log = () => {};
  Object.defineProperty(log, 'enabled', { get: () => false, configurable: true, enumerable: true });
  return log;
}

module.exports = { debuglog, debugWithTimer: () => ({ startTimer() {}, endTimer() {}, logTimer() {} }), initializeDebugEnv() {} };
