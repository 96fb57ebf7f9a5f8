const { deepKeys, deleteProperty, escapePath, getProperty, hasProperty, setProperty } = require('dot-prop');
module.exports = () => {
  const user = { app_metadata: { roles: ['a', { id: 5 }], 'x.y': 1 } };
  setProperty(user, 'app_metadata.plan.name', 'free');
  setProperty(user, 'list[2]', 'c');
  return [getProperty(user, 'app_metadata.roles[1].id'), getProperty(user, 'app_metadata.x\\.y'), getProperty(user, 'no.way', 'default'), hasProperty(user, 'app_metadata.plan'), deleteProperty(user, 'app_metadata.roles[0]'), user, deepKeys({ a: { b: 1, c: [2] } }), escapePath('a.b[0]')];
};
