const jwa = require('jwa');
const { createPublicKey } = require('crypto');
module.exports = (site, domain, { rsa, ec }) => {
  const hmac = jwa('HS384');
  const ecdsa = jwa('ES256');
  const signature = ecdsa.sign('happy', ec);
  let unknown;
  try {
    jwa('XX1');
  } catch (error) {
    unknown = error.name;
  }
  return [hmac.sign('text', 'key'), hmac.verify('text', hmac.sign('text', 'key'), 'key'), hmac.verify('text', 'x', 'key'), ecdsa.verify('happy', signature, createPublicKey(ec)), ecdsa.verify('sad', signature, createPublicKey(ec)), jwa('RS256').sign('text', rsa), jwa('none').sign(), unknown];
};
