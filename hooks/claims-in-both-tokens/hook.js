// Roles for the API in the access token, a name for the user interface in the ID token.
/** @type {import('./hookd').PasswordExchange} */
module.exports = function (user, client, scope, audience, context, cb) {
  const roles = (user.app_metadata && user.app_metadata.roles) || [];
  cb(null, {
    accessToken: {
      scope: roles.includes('admin') ? [...scope, 'admin'] : scope,
      'https://example.com/claims/roles': roles,
    },
    idToken: {
      'https://example.com/claims/nickname': (user.displayName || '').split(' ')[0],
    },
  });
};
