// The request's clock.
'use strict';
const { performance } = globalThis;
const now = performance.now;
module.exports = { now: () => now(), getTimeOriginTimestamp: () => performance.timeOrigin, getMilestoneTimestamp: () => 0 };
