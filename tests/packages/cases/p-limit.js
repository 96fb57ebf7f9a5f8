const pLimit = require('p-limit').default;
module.exports = async () => {
  const limit = pLimit(2);
  let now = 0;
  let most = 0;
  const work = async (n) => {
    most = Math.max(most, ++now);
    for (let i = 0; i < n; i++) await null;
    now--;
    if (n === 3) throw new Error('three');
    return n * n;
  };
  const settled = await Promise.allSettled([5, 1, 3, 2, 4].map((n) => limit(work, n)));
  return [settled.map(({ status, value, reason }) => [status, value, reason && reason.message]), most, limit.activeCount, limit.pendingCount, limit.concurrency];
};
