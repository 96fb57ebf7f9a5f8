// Keys of elliptic curves: making them, and what two sides compute together.
'use strict';
const { bufferOf, bytesOf, joined, padded, stripped } = require('internal/crypto/bytes');
const { needsNode, nodeError, notForThisKey, operationFailed } = require('internal/crypto/failures');
const { curveByName, isOtherCurve } = require('internal/crypto/names');
const { keyOf } = require('internal/crypto/key_handle');
const { ecDerive, ecGenerate, ecPoint, ecPublic, ed25519Public, random, x25519 } = native.crypto;

const [COMPRESSED, HYBRID] = [2, 6];

function knownCurve(name) {
  const curve = curveByName(name);
  if (curve) return curve;
  if (isOtherCurve(name)) throw needsNode(`The curve ${name}`);
  throw nodeError(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
}

function written(point, format) {
  const size = (point.length - 1) / 2;
  if (format === COMPRESSED) return joined([2 | (point[2 * size] & 1)], point.subarray(1, 1 + size));
  return format === HYBRID ? joined([6 | (point[2 * size] & 1)], point.subarray(1)) : point.slice();
}

// The hybrid form says twice what the point is.
function readPoint(curve, bytes) {
  const isHybrid = bytes[0] === 6 || bytes[0] === 7;
  if (isHybrid && (bytes[bytes.length - 1] & 1) !== (bytes[0] & 1)) return null;
  return ecPoint(curve.kind, isHybrid ? joined([4], bytes.subarray(1)) : bytes);
}

const noPoint = () => operationFailed('Failed to convert Buffer to EC_POINT');

class ECDH {
  #curve;
  #secret;
  #point;

  constructor(name) { this.#curve = knownCurve(name); }

  generateKeys() {
    const made = ecGenerate(this.#curve.kind);
    this.#secret = made.slice(0, this.#curve.size);
    this.#point = made.slice(this.#curve.size);
  }

  computeSecret(other) {
    if (this.#secret === undefined) throw nodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYPAIR', 'Invalid key pair');
    const point = readPoint(this.#curve, bytesOf(other));
    return point ? bufferOf(ecDerive(this.#curve.kind, this.#secret, point)) : 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY';
  }

  getPublicKey(format) {
    if (this.#point === undefined) throw operationFailed('Failed to get ECDH public key');
    return bufferOf(written(this.#point, format));
  }

  getPrivateKey() {
    if (this.#secret === undefined) throw operationFailed('Failed to get ECDH private key');
    return bufferOf(stripped(this.#secret.slice()));
  }

  setPrivateKey(bytes) {
    const secret = padded(bytesOf(bytes), this.#curve.size);
    const point = secret && ecPublic(this.#curve.kind, secret);
    if (!point) throw nodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYTYPE', 'Private key is not valid for specified curve.');
    this.#secret = secret;
    this.#point = point;
  }

  setPublicKey(bytes) {
    const point = readPoint(this.#curve, bytesOf(bytes));
    if (!point) throw noPoint();
    this.#point = point;
  }
}

function convertKey(bytes, name, format) {
  const point = readPoint(knownCurve(name), bytesOf(bytes));
  if (!point) throw noPoint();
  return bufferOf(written(point, format));
}

// What two keys of the same type, and curve, have in common.
function shared(secretKey, publicKey) {
  if (secretKey.type === 'x25519') return x25519(secretKey.d, publicKey.x) ?? failed();
  if (secretKey.type !== 'ec') throw notForThisKey();
  if (secretKey.curve !== publicKey.curve) throw failed();
  return ecDerive(secretKey.curve.kind, secretKey.d, publicKey.point) ?? failed();
}

function failed() { throw nodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', 'Diffie-Hellman failed'); }

const statelessDH = (secretHandle, publicHandle) => bufferOf(shared(keyOf(secretHandle), keyOf(publicHandle)));

function newEcKey(curve) {
  const made = ecGenerate(curve.kind);
  return { __proto__: null, type: 'ec', isPrivate: true, curve, d: made.slice(0, curve.size), point: made.slice(curve.size) };
}

function newEdwardsKey(type) {
  const d = new Uint8Array(32);
  random(d);
  const x = type === 'ed25519' ? ed25519Public(d) : x25519(d, new Uint8Array(0));
  return { __proto__: null, type, isPrivate: true, d, x };
}

module.exports = { ECDH, convertKey, knownCurve, newEcKey, newEdwardsKey, shared, statelessDH };
