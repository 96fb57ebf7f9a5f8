const jose = require('jose');
module.exports = async () => {
  const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
  const signed = await new jose.SignJWT({ roles: ['a'] }).setProtectedHeader({ alg: 'HS256' }).setSubject('ann').setIssuer('https://issuer.example/').setAudience('api').setExpirationTime(4102444800).sign(secret);
  const verified = await jose.jwtVerify(signed, secret, { issuer: 'https://issuer.example/', audience: 'api' });
  const wrong = await jose.jwtVerify(signed, secret, { audience: 'other' }).catch((error) => [error.code, error.claim]);
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const ecdsa = await new jose.CompactSign(new TextEncoder().encode('text')).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(privateKey);
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'k' };
  const read = await jose.compactVerify(ecdsa, jose.createLocalJWKSet({ keys: [jwk] }));
  const sealed = await new jose.EncryptJWT({ a: 1 }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(secret);
  const opened = await jose.jwtDecrypt(sealed, secret);
  return [signed, verified.payload, wrong, jwk.kty, new TextDecoder().decode(read.payload), opened.payload, jose.decodeJwt(signed).sub, jose.decodeProtectedHeader(signed), await jose.calculateJwkThumbprint({ kty: 'oct', k: 'YWJj' })];
};
