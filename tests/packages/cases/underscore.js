const _ = require('underscore');
module.exports = () => {
  const plays = [{ title: 'b', year: 1600 }, { title: 'a', year: 1611 }, { title: 'c', year: 1600 }];
  return [_.groupBy(plays, 'year'), _.where(plays, { year: 1600 }).length, _.sortBy(plays, 'title').map((one) => one.title), _.pluck(plays, 'title'), _.countBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even')), _.template('hi <%= name %> <%- raw %><% if (ok) { %>!<% } %>')({ name: 'ann', raw: '<', ok: true }), _.chain([3, 1, 2]).sort().map((n) => n * 2).first(2).value(), _.isEqual({ a: [1] }, { a: [1] }), _.extend({}, { a: 1 }, { b: 2 }), _.memoize((n) => n + 1)(1), _.zip([1, 2], ['a', 'b']), _.flatten([1, [2, [3]]]), _.uniq([1, 1, 2]), _.escape('<&>'), _.object(['a'], [1]), _.findWhere(plays, { title: 'c' }), _.partition([1, 2, 3], (n) => n > 1)];
};
