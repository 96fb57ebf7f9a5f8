const Promise = require('bluebird');
module.exports = async () => {
  const readBack = Promise.promisify((value, cb) => setTimeout(cb, 1, null, value));
  const mapped = await Promise.map([1, 2, 3], (n) => Promise.delay(4 - n).return(n * 2), { concurrency: 2 });
  const props = await Promise.props({ a: readBack('a'), b: 2 });
  const late = await Promise.delay(1000).timeout(2, 'late').catch(Promise.TimeoutError, (error) => error.message);
  const caught = await Promise.reject(new RangeError('r')).catch(TypeError, () => 'type').catch(RangeError, () => 'range');
  const some = await Promise.some([Promise.delay(1000, 'c'), 'a', Promise.delay(1, 'b')], 2);
  const api = Promise.promisifyAll({ read(x, cb) { cb(null, x + 1); } });
  const order = [];
  await Promise.each([3, 1, 2], (n) => order.push(n));
  return [mapped, props, late, caught, some, await api.readAsync(1), order, await Promise.reduce([1, 2, 3], (a, b) => a + b, 0), await Promise.resolve([1, 2]).spread((a, b) => a + b), await Promise.try(() => { throw new Error('x'); }).reflect().then((one) => one.isRejected()), await Promise.coroutine(function* () { return (yield Promise.resolve(2)) * 3; })()];
};
