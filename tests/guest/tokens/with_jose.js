// npm's jose, as it is for crypto.subtle, in the guest and in Node.
const jose = require('jose');

const ALGORITHMS = {
  RS256: ['rsa', 'rsaPublic'], PS256: ['rsa', 'rsaPublic'], ES256: ['ec', 'ecPublic'], ES384: ['p384', 'p384Public'], EdDSA: ['ed', 'edPublic'],
};
const ENCRYPTIONS = { 'RSA-OAEP-256': ['rsa', 'rsaPublic'], 'ECDH-ES+A256KW': ['ec', 'ecPublic'] };

async function tried(promise) {
  try {
    return await promise;
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
}

module.exports = async function ({ keys, given }) {
  const made = {};
  const read = {};
  const secret = new Uint8Array(32).fill(7);
  for (const [alg, [name]] of Object.entries(ALGORITHMS)) {
    const key = await jose.importPKCS8(keys[name], alg);
    made[alg] = await new jose.SignJWT({ sub: alg }).setProtectedHeader({ alg }).setIssuedAt(2000000000).sign(key);
  }
  made.HS256 = await new jose.SignJWT({ sub: 'HS256' }).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  for (const [alg, [, name]] of Object.entries(ENCRYPTIONS)) {
    const key = await jose.importSPKI(keys[name], alg);
    made[alg] = await new jose.CompactEncrypt(new TextEncoder().encode(alg)).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(key);
  }
  const tokens = given ?? made;
  for (const [alg, [, name]] of Object.entries(ALGORITHMS)) {
    const key = await jose.importSPKI(keys[name], alg, { extractable: true });
    read[alg] = (await jose.jwtVerify(tokens[alg], key)).payload;
    read[`${alg} tampered`] = await tried(jose.jwtVerify(tokens[alg].slice(0, -8) + 'AAAAAAAA', key));
    read[`${alg} jwk`] = await jose.exportJWK(key);
  }
  read.HS256 = (await jose.jwtVerify(tokens.HS256, secret)).payload;
  for (const [alg, [name]] of Object.entries(ENCRYPTIONS)) {
    const { plaintext } = await jose.compactDecrypt(tokens[alg], await jose.importPKCS8(keys[name], alg));
    read[alg] = new TextDecoder().decode(plaintext);
  }
  const jwks = jose.createLocalJWKSet({ keys: [{ ...(await jose.exportJWK(await jose.importSPKI(keys.rsaPublic, 'RS256', { extractable: true }))), kid: 'one', alg: 'RS256' }] });
  read.jwks = (await jose.jwtVerify(tokens.RS256, jwks)).payload;
  read.thumbprint = await jose.calculateJwkThumbprint(read['RS256 jwk']);
  return { made, read };
};
