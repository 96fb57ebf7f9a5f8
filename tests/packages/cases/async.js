const async = require('async');
module.exports = async () => {
  const order = [];
  const parallel = await async.parallel({ one: (cb) => setImmediate(cb, null, 1), two: (cb) => cb(null, 2) });
  const mapped = await async.mapLimit([3, 1, 2], 2, async (n) => n * 2);
  const fallen = await new Promise((resolve) => async.waterfall([(cb) => cb(null, 1, 2), (a, b, cb) => cb(null, a + b), (c, cb) => setTimeout(cb, 1, null, c * 10)], (error, result) => resolve([error, result])));
  const queue = async.queue((task, cb) => { order.push(task); cb(); }, 1);
  queue.push(['a', 'b']);
  queue.unshift('c');
  await queue.drain();
  const auto = await async.auto({ x: (cb) => cb(null, 5), y: ['x', (made, cb) => cb(null, made.x + 1)] });
  let tries = 0;
  const retried = await async.retry({ times: 3, interval: 1 }, async () => { if (++tries < 3) throw new Error('again'); return tries; });
  const failed = await async.series([async () => 1, async () => { throw new Error('stop'); }]).catch((error) => error.message);
  return [parallel, mapped, fallen, order, auto, retried, failed, await async.filter([1, 2, 3, 4], async (n) => n % 2 === 0), await async.reduce([1, 2, 3], 0, async (a, b) => a + b)];
};
