const R = require('ramda');
module.exports = () => {
  const users = [{ n: 'ann', age: 36, at: { city: 'Bern' } }, { n: 'bob', age: 40, at: { city: 'Wien' } }];
  return [R.pipe(R.filter(R.where({ age: R.gt(R.__, 38) })), R.pluck('n'))(users), R.path([0, 'at', 'city'], users), R.groupBy((user) => user.at.city, users), R.over(R.lensPath([0, 'at', 'city']), R.toUpper, users)[0], R.assocPath(['a', 'b'], 1, {}), R.mergeDeepRight({ a: { b: 1 } }, { a: { c: 2 } }), R.sortWith([R.descend(R.prop('age'))], users).map(R.prop('n')), R.curry((a, b, c) => a + b + c)(1)(2, 3), R.cond([[R.equals(0), R.always('zero')], [R.T, R.toString]])(5), R.evolve({ a: R.inc }, { a: 1, b: 2 }), R.pathOr('none', ['x', 'y'], {}), R.transduce(R.compose(R.map(R.inc), R.take(2)), R.flip(R.append), [], [1, 2, 3]), R.equals({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), R.uniqWith(R.eqBy(R.prop('x')), [{ x: 1 }, { x: 1 }]), R.toString({ a: [1, 'b', new Date(0)] })];
};
