// Sign, Verify and one-shot signatures: RSA (RFC 8017, section 8), ECDSA, Ed25519.
'use strict';
const der = require('internal/crypto/der');
const failures = require('internal/crypto/failures');
const { bitLength, bufferOf, bytesOf, isSame, joined, padded } = require('internal/crypto/bytes');
const { withPrivate } = require('internal/crypto/ciphers');
const { digestOf, knownHash } = require('internal/crypto/hashing');
const { keyFrom } = require('internal/crypto/key_handle');
const { hashByName } = require('internal/crypto/names');
const { digest, ecSign, ecVerify, ed25519Sign, ed25519Verify, hash: newHash, pssEncode, pssVerify, rsaPublic, update } = native.crypto;

const [PKCS1, PSS] = [1, 6];
const [SALT_AS_DIGEST, SALT_AUTO] = [-1, -2];
const P1363 = 1;

// How it is signed: {padding, saltLength, encoding}, of which each kind of key takes what is for it.

function paddingOf(key, { padding = key.type === 'rsa-pss' ? PSS : PKCS1 }) {
  if (padding === PSS || (padding === PKCS1 && key.type === 'rsa')) return padding;
  if (padding === 3) throw failures.paddingNotForThis();
  throw failures.unknownPadding();
}

// EMSA-PKCS1-v1_5
function pkcs1Block(hash, digested, size) {
  if (!hash.oid || hash.extends) throw failures.digestNotForThis();
  const info = der.sequence(der.sequence(der.oid(hash.oid), der.nothing()), der.octets(digested));
  if (info.length + 11 > size) throw failures.digestTooBig();
  const block = new Uint8Array(size - info.length).fill(0xff);
  block[0] = 0;
  block[1] = 1;
  block[block.length - 1] = 0;
  return joined(block, info);
}

// What a key of type rsa-pss was made for (RFC 8017, appendix A.2.3); `mask` is MGF1's hash.
function pssRules(key, hash) {
  if (key.pss && key.pss.hash !== hash) throw failures.digestNotForThis();
  return { mask: key.pss?.maskHash ?? hash, least: key.pss?.saltLength ?? 0 };
}

function signRsa(key, hash, digested, how) {
  const bits = bitLength(key.n);
  if (paddingOf(key, how) === PKCS1) return withPrivate(key, pkcs1Block(hash, digested, key.n.length));
  const { mask, least } = pssRules(key, hash);
  const most = Math.ceil((bits - 1) / 8) - hash.length - 2;
  const wanted = how.saltLength ?? key.pss?.saltLength ?? SALT_AUTO;
  const saltLength = wanted === SALT_AUTO ? most : wanted === SALT_AS_DIGEST ? hash.length : wanted;
  if (saltLength < 0) throw failures.badSaltLength();
  if (saltLength < least) throw failures.saltTooShort();
  const block = saltLength > most ? null : pssEncode(hash.kind, mask.kind, digested, saltLength, bits);
  if (!block) throw failures.dataTooLarge();
  return withPrivate(key, block);
}

function verifyRsa(key, hash, digested, signature, how) {
  const padding = paddingOf(key, how);
  if (signature.length !== key.n.length) return false;
  const block = rsaPublic(key.n, key.e, signature);
  if (!block) return false;
  if (padding === PKCS1) return isSame(block, pkcs1Block(hash, digested, block.length));
  const { mask } = pssRules(key, hash);
  const wanted = how.saltLength ?? key.pss?.saltLength ?? SALT_AUTO;
  const saltLength = wanted === SALT_AS_DIGEST ? hash.length : wanted;
  if (saltLength < SALT_AUTO) throw failures.badSaltLength();
  return pssVerify(hash.kind, mask.kind, digested, saltLength, bitLength(key.n), block);
}

function signEc({ curve, d }, digested, { encoding }) {
  const signature = ecSign(curve.kind, d, digested);
  if (!signature) throw failures.failedInternally();
  if (encoding === P1363) return signature;
  return der.sequence(der.integer(signature.subarray(0, curve.size)), der.integer(signature.subarray(curve.size)));
}

// Strictly DER: any other writing of the same numbers is no signature.
function plainSignature(bytes, size) {
  try {
    const sequence = new der.Reader(bytes).sequence();
    const [r, s] = [sequence.integer(), sequence.integer()];
    const [wholeR, wholeS] = [padded(r, size), padded(s, size)];
    const isCanonical = isSame(bytes, der.sequence(der.integer(r), der.integer(s)));
    return wholeR && wholeS && isCanonical ? joined(wholeR, wholeS) : undefined;
  } catch {
    return undefined;
  }
}

function verifyEc({ curve, point }, digested, signature, { encoding }) {
  const plain = encoding === P1363 ? signature : plainSignature(signature, curve.size);
  return plain !== undefined && plain.length === 2 * curve.size && ecVerify(curve.kind, point, digested, plain);
}

function signDigest(key, hash, digested, how) {
  if (key.type === 'rsa' || key.type === 'rsa-pss') return signRsa(key, hash, digested, how);
  if (key.type === 'ec') return signEc(key, digested, how);
  throw failures.notForThisKey();
}

function verifyDigest(key, hash, digested, signature, how) {
  if (key.type === 'rsa' || key.type === 'rsa-pss') return verifyRsa(key, hash, digested, signature, how);
  if (key.type === 'ec') return verifyEc(key, digested, signature, how);
  throw failures.notForThisKey();
}

const unsupported = () => failures.nodeError(Error, 'ERR_CRYPTO_UNSUPPORTED_OPERATION', 'Unsupported crypto operation');

class Signing {
  #hash;
  #state;

  init(name) {
    this.#hash = knownHash(name, () => failures.invalidDigest());
    this.#state = newHash(this.#hash.kind);
  }

  update(data, encoding) {
    if (this.#state === undefined) throw failures.notInitialised();
    update(this.#state, bytesOf(data, encoding));
  }

  // The key, the hash and the digest, once.
  static end(signing, data, format, type, passphrase, wants) {
    if (signing.#state === undefined) throw failures.notInitialised();
    const key = keyFrom(data, format, type, passphrase, wants);
    if (key.type === 'ed25519' || key.type === 'x25519') throw unsupported();
    const state = signing.#state;
    signing.#state = undefined;
    return [key, signing.#hash, digest(state, signing.#hash.length)];
  }
}
const { end } = Signing;
delete Signing.end;

class Sign extends Signing {
  sign(data, format, type, passphrase, padding, saltLength, encoding) {
    const [key, hash, digested] = end(this, data, format, type, passphrase, 'private');
    return bufferOf(signDigest(key, hash, digested, { padding, saltLength, encoding }));
  }
}

class Verify extends Signing {
  verify(data, format, type, passphrase, signature, padding, saltLength, encoding) {
    const [key, hash, digested] = end(this, data, format, type, passphrase, 'public');
    return verifyDigest(key, hash, digested, bytesOf(signature), { padding, saltLength, encoding });
  }
}

function signEdwards(key, name, data) {
  if (name !== undefined && name !== null) throw failures.digestNotAllowed();
  return ed25519Sign(key.d, data);
}

function verifyEdwards(key, name, data, signature) {
  if (name !== undefined && name !== null) throw failures.digestNotAllowed();
  return signature.length === 64 && ed25519Verify(key.x, data, signature);
}

// As SignJob has its arguments; gives the function that computes.
function signatureWork(signs, keyData, format, type, passphrase, data, name, saltLength, padding, encoding, signature) {
  const key = keyFrom(keyData, format, type, passphrase, signs ? 'private' : 'public');
  const hash = name === undefined || name === null ? hashByName('sha256') : knownHash(name, () => failures.invalidDigest(name));
  const [bytes, given, how] = [bytesOf(data), bytesOf(signature), { padding, saltLength, encoding }];
  if (key.type === 'ed25519') return () => (signs ? signEdwards(key, name, bytes) : verifyEdwards(key, name, bytes, given));
  return () => {
    const digested = digestOf(hash, bytes);
    return signs ? signDigest(key, hash, digested, how) : verifyDigest(key, hash, digested, given, how);
  };
}

module.exports = { Sign, Verify, signatureWork };
