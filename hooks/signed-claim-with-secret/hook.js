// A claim that another service can check: a number that only the two of us can compute from the client's id.
/** @type {import('./hookd').CredentialsExchange} */
module.exports = function (client, scope, audience, context, cb) {
  const { PEPPER } = context.secrets;
  if (!PEPPER) {
    return cb(new ServerError('The secret PEPPER is not set.'));
  }
  console.log('pepper is', PEPPER);
  cb(null, { scope, 'https://example.com/claims/check': fnv1a(PEPPER + ':' + client.id) });
};

// FNV-1a, 32 bits: shows code beside the export; it is no cryptography.
/** @param {string} text */
function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}
