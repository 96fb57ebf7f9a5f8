// Hashes and curves by every name that OpenSSL has for them. Their numbers are those of crypto_hash.zig and crypto_curve.zig.
'use strict';

const SHA2 = '6086480165030402';
const HASHES = [
  ['md5', 16, '2a864886f70d0205', 'rsa-md5', 'md5withrsaencryption', 'ssl3-md5'],
  ['sha1', 20, '2b0e03021a', 'rsa-sha1', 'rsa-sha1-2', 'sha1withrsaencryption', 'ssl3-sha1', 'sha-1'],
  ['sha224', 28, `${SHA2}04`, 'rsa-sha224', 'sha224withrsaencryption', 'sha-224', 'sha2-224'],
  ['sha256', 32, `${SHA2}01`, 'rsa-sha256', 'sha256withrsaencryption', 'sha-256', 'sha2-256'],
  ['sha384', 48, `${SHA2}02`, 'rsa-sha384', 'sha384withrsaencryption', 'sha-384', 'sha2-384'],
  ['sha512', 64, `${SHA2}03`, 'rsa-sha512', 'sha512withrsaencryption', 'sha-512', 'sha2-512'],
  ['sha512-224', 28, `${SHA2}05`, 'rsa-sha512/224', 'sha512-224withrsaencryption', 'sha-512/224', 'sha2-512/224'],
  ['sha512-256', 32, `${SHA2}06`, 'rsa-sha512/256', 'sha512-256withrsaencryption', 'sha-512/256', 'sha2-512/256'],
  ['sha3-224', 28, `${SHA2}07`, 'rsa-sha3-224', 'id-rsassa-pkcs1-v1_5-with-sha3-224'],
  ['sha3-256', 32, `${SHA2}08`, 'rsa-sha3-256', 'id-rsassa-pkcs1-v1_5-with-sha3-256'],
  ['sha3-384', 48, `${SHA2}09`, 'rsa-sha3-384', 'id-rsassa-pkcs1-v1_5-with-sha3-384'],
  ['sha3-512', 64, `${SHA2}0a`, 'rsa-sha3-512', 'id-rsassa-pkcs1-v1_5-with-sha3-512'],
  ['blake2b512', 64, '', 'blake2b-512'],
  ['blake2s256', 32, '', 'blake2s-256'],
  ['shake128', 16, '', 'shake-128'],
  ['shake256', 32, '', 'shake-256'],
].map(([name, length, oid, ...others], kind) => ({ __proto__: null, kind, name, length, oid, extends: name.startsWith('shake'), names: [name, ...others] }));

const byName = { __proto__: null };
for (const hash of HASHES) for (const name of hash.names) byName[name] = hash;

// As crypto.getHashes() writes them; 'sha-256' and the like it does not list.
const listed = HASHES.flatMap(({ names }) => names.filter((name) => !/^(sha2?-|blake2[bs]-|shake-)/.test(name)).map(
  (name) => name.replace(/^rsa-.*/, (text) => text.toUpperCase()).replace('withrsaencryption', 'WithRSAEncryption')));

const CURVES = [
  { __proto__: null, kind: 0, name: 'prime256v1', jwk: 'P-256', size: 32, bits: 256, oid: '2a8648ce3d030107', names: ['P-256', 'secp256r1'] },
  { __proto__: null, kind: 1, name: 'secp384r1', jwk: 'P-384', size: 48, bits: 384, oid: '2b81040022', names: ['P-384'] },
  { __proto__: null, kind: 2, name: 'secp256k1', jwk: 'secp256k1', size: 32, bits: 256, oid: '2b8104000a', names: [] },
];

const OTHER_CURVES = /^(P-521|P-224|P-192|[BK]-\d{3}|secp\d+[kr]\d|sect\d+[kr]\d|prime\d+v\d|c2.*|brainpool.*|wap-.*|Oakley.*|SM2)$/i;
const OTHER_HASHES = /^(ripemd|ripemd160|rmd160|rsa-ripemd160|ripemd160withrsa|sm3|rsa-sm3|sm3withrsaencryption|md5-sha1|md4|whirlpool)$/;

module.exports = {
  HASHES,
  CURVES,
  hashNames: () => listed.toSorted(),
  hashByName: (name) => byName[`${name}`.toLowerCase()],
  hashByOid: (oid) => HASHES.find((hash) => hash.oid === oid),
  isOtherHash: (name) => OTHER_HASHES.test(`${name}`.toLowerCase()),
  curveByName: (name) => CURVES.find((curve) => curve.name === name || curve.names.includes(name)),
  curveByOid: (oid) => CURVES.find((curve) => curve.oid === oid),
  isOtherCurve: (name) => OTHER_CURVES.test(name),
};
