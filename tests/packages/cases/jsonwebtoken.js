const jwt = require('jsonwebtoken');
const { generateKeyPairSync } = require('crypto');
module.exports = async () => {
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
  const pem = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, ...pem });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem });
  const later = await new Promise((resolve) => jwt.sign({ a: 1, iat: at }, rsa.privateKey, { algorithm: 'RS256' }, (error, token) => jwt.verify(token, rsa.publicKey, (wrong, read) => resolve(read))));
  return [signed, jwt.verify(signed, 'secret', options), codes, later, jwt.verify(jwt.sign({ b: 2, iat: at }, rsa.privateKey, { algorithm: 'PS256' }), rsa.publicKey), jwt.verify(jwt.sign({ c: 3, iat: at }, ec.privateKey, { algorithm: 'ES256' }), ec.publicKey), jwt.decode(signed, { complete: true }).header, jwt.decode('x')];
};
