// Private keys behind a passphrase: PKCS#8 with PBES2 (RFC 8018), and the older way of PEM's own headers.
'use strict';
const { Buffer } = require('buffer');
const der = require('internal/crypto/der');
const { badDecrypt, needsNode } = require('internal/crypto/failures');
const { hashByName } = require('internal/crypto/names');
const { joined } = require('internal/crypto/bytes');
const { hash, update, digest, pbkdf2, cipher, cipherUpdate, cipherFinal, random } = native.crypto;

const PBES2 = '2a864886f70d01050d';
const PBKDF2 = '2a864886f70d01050c';
const PRFS = { __proto__: null, '2a864886f70d0207': 'sha1', '2a864886f70d0208': 'sha224', '2a864886f70d0209': 'sha256', '2a864886f70d020a': 'sha384', '2a864886f70d020b': 'sha512' };
const OIDS = { __proto__: null, 'aes-128-cbc': '608648016503040102', 'aes-192-cbc': '608648016503040116', 'aes-256-cbc': '60864801650304012a' };
const SIZES = { __proto__: null, [OIDS['aes-128-cbc']]: 16, [OIDS['aes-192-cbc']]: 24, [OIDS['aes-256-cbc']]: 32 };
const CBC = 1;
const ROUNDS = 2048; // OpenSSL's

function runCbc(decrypts, key, iv, data) {
  const state = cipher(CBC, decrypts, key, iv);
  const first = cipherUpdate(state, data);
  const last = cipherFinal(state);
  if (typeof last === 'number') throw badDecrypt();
  return joined(first, last);
}

function decryptPkcs8(reader, passphrase) {
  const sequence = reader.sequence();
  const algorithm = sequence.sequence();
  if (algorithm.oid() !== PBES2) throw needsNode('A private key that is not encrypted with PBES2');
  const parameters = algorithm.sequence();
  const derivation = parameters.sequence();
  const encryption = parameters.sequence();
  if (derivation.oid() !== PBKDF2) throw needsNode('A private key whose passphrase is not stretched with PBKDF2');
  const stretching = derivation.sequence();
  const salt = stretching.octets();
  const rounds = stretching.small();
  if (stretching.is(0x02)) stretching.small();
  const prf = PRFS[stretching.isAtEnd ? '2a864886f70d0207' : stretching.sequence().oid()];
  const size = SIZES[encryption.oid()];
  if (!prf || !size) throw needsNode('A private key that is not encrypted with AES in CBC mode');
  const key = pbkdf2(hashByName(prf).kind, passphrase, salt, rounds, size);
  return runCbc(1, key, encryption.octets(), sequence.octets());
}

function encryptPkcs8(bytes, name, passphrase) {
  const oid = OIDS[name.toLowerCase()];
  if (!oid) throw needsNode(`To encrypt a private key with ${name}`);
  const salt = new Uint8Array(8);
  const iv = new Uint8Array(16);
  random(salt);
  random(iv);
  const data = runCbc(0, pbkdf2(hashByName('sha256').kind, passphrase, salt, ROUNDS, SIZES[oid]), iv, bytes);
  const prf = der.sequence(der.oid('2a864886f70d0209'), der.nothing());
  const derivation = der.sequence(der.oid(PBKDF2), der.sequence(der.octets(salt), der.small(ROUNDS), prf));
  const encryption = der.sequence(der.oid(oid), der.octets(iv));
  return der.sequence(der.sequence(der.oid(PBES2), der.sequence(derivation, encryption)), der.octets(data));
}

// OpenSSL's EVP_BytesToKey with MD5 and one round: of createCipher and of old PEM files.
function bytesToKey(passphrase, salt, size) {
  let made = new Uint8Array(0);
  let last = made;
  while (made.length < size) {
    const state = hash(hashByName('md5').kind);
    update(state, last);
    update(state, passphrase);
    update(state, salt);
    last = digest(state, 16);
    made = joined(made, last);
  }
  return made.subarray(0, size);
}

function decryptLegacy(headers, bytes, passphrase) {
  const [, name, hex] = /DEK-Info: *([A-Za-z0-9-]+),([0-9A-Fa-f]+)/.exec(headers) ?? [];
  const size = SIZES[OIDS[name?.toLowerCase()]];
  if (!size) throw needsNode('A private key that is not encrypted with AES in CBC mode');
  const iv = Buffer.from(hex, 'hex');
  return runCbc(1, bytesToKey(passphrase, iv.subarray(0, 8), size), iv, bytes);
}

module.exports = { decryptPkcs8, encryptPkcs8, decryptLegacy, bytesToKey };
