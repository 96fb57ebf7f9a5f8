// Tokens only for callers in the office network; the error's class decides the OAuth error code.
const OFFICE = '203.0.113.';

/** @type {import('./hookd').CredentialsExchange} */
module.exports = function (client, scope, audience, context, cb) {
  if (!context.ip) {
    return cb(new InvalidRequestError('The caller has no address.'));
  }
  if (!context.ip.startsWith(OFFICE)) {
    console.warn('refused %s at %s', client.id, context.ip);
    return cb(new Error('access denied'));
  }
  cb(null, { scope });
};
