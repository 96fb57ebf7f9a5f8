// What a client may ask for stands in its metadata: `allowed_scopes`, names separated by spaces.
/** @type {import('./hookd').CredentialsExchange} */
module.exports = function (client, scope, audience, context, cb) {
  const allowed = new Set((client.metadata.allowed_scopes || '').split(' '));
  const refused = scope.filter((name) => !allowed.has(name));
  if (refused.length > 0) {
    return cb(new InvalidScopeError(`${client.name} may not ask for ${refused.join(', ')}`));
  }
  cb(null, {
    scope: scope.length > 0 ? scope : [...allowed].filter(Boolean),
    'https://example.com/claims/plan': client.metadata.plan || 'free',
  });
};
