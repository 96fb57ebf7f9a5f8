const jwa = require('jwa');
const { generateKeyPairSync } = require('crypto');
module.exports = () => {
  const hmac = jwa('HS384');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const ecdsa = jwa('ES256');
  const signature = ecdsa.sign('happy', privateKey);
  let unknown;
  try {
    jwa('XX1');
  } catch (error) {
    unknown = error.name;
  }
  return [hmac.sign('text', 'key'), hmac.verify('text', hmac.sign('text', 'key'), 'key'), hmac.verify('text', 'x', 'key'), ecdsa.verify('happy', signature, publicKey), ecdsa.verify('sad', signature, publicKey), jwa('none').sign(), unknown];
};
