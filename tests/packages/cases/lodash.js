const _ = require('lodash');
module.exports = () => {
  const users = [{ n: 'ann', age: 36, at: { city: 'Bern' } }, { n: 'bob', age: 40, at: { city: 'Wien' } }, { n: 'cyd', age: 36, at: { city: 'Bern' } }];
  return [
    _.chain(users).groupBy('at.city').mapValues((rows) => _.sumBy(rows, 'age')).value(),
    _.orderBy(users, ['age', 'n'], ['desc', 'asc']).map((user) => user.n),
    _.map(_.sortBy(users, 'age'), 'n'),
    _.get(users, '[1].at.city'),
    _.merge({ a: { b: [1, 2] } }, { a: { b: [3], c: 4 } }),
    _.pick(users[0], ['n', 'at.city']),
    _.omit(users[0], ['at']),
    _.uniqBy(users, 'at.city').length,
    _.camelCase('Foo Bar-baz'), _.kebabCase('fooBar'), _.startCase('--foo-bar--'), _.deburr('déjà vu'), _.truncate('a long sentence here', { length: 10 }),
    _.template('hello <%= user %>!<% _.forEach(list, (x) => { %>(<%- x %>)<% }) %>')({ user: 'fred', list: ['<', 2] }),
    _.isEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }),
    _.cloneDeep({ a: new Map([[1, new Set([2])]]) }).a.get(1).has(2),
    _.debounce((x) => x, 10)(1),
    _.chunk(_.range(7), 3), _.zipObject(['a', 'b'], [1, 2]), _.intersection([1, 2, 3], [2, 3, 4]), _.escape('<a&"b">'),
    _.curry((a, b, c) => a + b + c)(1)(2)(3), _.flow([(x) => x + 1, (x) => x * 2])(3), _.words('one, two & three'),
  ];
};
