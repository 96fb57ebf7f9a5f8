const get = require('lodash.get');
module.exports = () => {
  const user = { app_metadata: { roles: [{ id: 1 }], 'a.b': 2 }, none: null };
  return [get(user, 'app_metadata.roles[0].id'), get(user, ['app_metadata', 'a.b']), get(user, 'none.x', 'default'), get(null, 'a', 1), get(user, 'app_metadata.a.b'), get([[1, 2]], '[0][1]')];
};
