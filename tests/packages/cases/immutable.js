const { List, Map, OrderedMap, Record, Range, Set, fromJS, is } = require('immutable');
module.exports = () => {
  const state = fromJS({ users: [{ n: 'ann', tags: ['a'] }], count: 1 });
  const next = state.updateIn(['users', 0, 'tags'], (tags) => tags.push('b')).set('count', 2).mergeDeep({ users: [{ age: 3 }] });
  const Point = Record({ x: 0, y: 0 });
  return [state.toJS(), next.toJS(), is(fromJS({ a: [1] }), fromJS({ a: [1] })), Range(0, Infinity).filter((n) => n % 3 === 0).take(4).toArray(), new Point({ x: 5 }).set('y', 6).toObject(), Set([1, 2, 2]).union([3]).size, OrderedMap([['b', 1], ['a', 2]]).sortBy((_, key) => key).keySeq().toArray(), List([3, 1, 2]).sort().groupBy((n) => n % 2).toJS(), Map({ a: 1 }).hashCode() === Map({ a: 1 }).hashCode(), String(List.of(1, Map({ k: 'v' }))), next.getIn(['users', 0, 'none'], 'default')];
};
