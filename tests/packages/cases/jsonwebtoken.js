const jwt = require('jsonwebtoken');
const { createPublicKey } = require('crypto');
module.exports = async (site, domain, { rsa, ec }) => {
  const at = 1700000000;
  const signed = jwt.sign({ sub: 'ann', roles: ['admin'], iat: at }, 'secret', { expiresIn: '2h', audience: 'api', issuer: 'https://issuer.example/', keyid: 'k1' });
  const options = { audience: 'api', issuer: /issuer/, clockTimestamp: at + 60 };
  const codes = [];
  for (const [key, more] of [['other', {}], ['secret', { audience: 'x' }], ['secret', { clockTimestamp: at + 9000 }], ['secret', { algorithms: ['RS256'] }]]) {
    try {
      jwt.verify(signed, key, { ...options, ...more });
    } catch (error) {
      codes.push([error.name, error.message]);
    }
  }
  const known = createPublicKey(rsa).export({ type: 'spki', format: 'pem' });
  const later = await new Promise((resolve) => jwt.sign({ a: 1, iat: at }, rsa, { algorithm: 'RS256' }, (error, token) => jwt.verify(token, known, (wrong, read) => resolve([token, read]))));
  return [signed, jwt.verify(signed, 'secret', options), codes, later, jwt.verify(jwt.sign({ b: 2, iat: at }, rsa, { algorithm: 'PS256' }), known), jwt.verify(jwt.sign({ c: 3, iat: at }, ec, { algorithm: 'ES256' }), createPublicKey(ec)), jwt.decode(signed, { complete: true }).header, jwt.decode('x')];
};
