// KeyObjectHandle: what stands behind a KeyObject. Its methods are those that Node's lib/internal/crypto/keys.js calls.
'use strict';
const { Buffer } = require('buffer');
const { arrayBufferOf, bitLength, bufferOf, bytesOf, isSame, joined, padded, stripped } = require('internal/crypto/bytes');
const { needsNode, nodeError, noDecoder } = require('internal/crypto/failures');
const { curveByName } = require('internal/crypto/names');
const { keyOfPem, keyOfDer, rsaKey, ecKey, edwardsKey } = require('internal/crypto/key_reading');
const { jwkOf, writtenKey } = require('internal/crypto/key_writing');

const [SECRET, PUBLIC, PRIVATE] = [0, 1, 2];
const [PEM, JWK] = [1, 2];
const ENCODINGS = ['pkcs1', 'pkcs8', 'spki', 'sec1'];
const PUBLIC_PEM = /-----BEGIN (?:(?:[A-Z]+ )?PUBLIC KEY|(?:X509 |TRUSTED )?CERTIFICATE)/;
const RSA_PARTS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

const publicOf = (key) => (key.isPrivate ? { ...key, isPrivate: false, d: undefined, p: undefined, q: undefined, dp: undefined, dq: undefined, qi: undefined } : key);

// `wants` is 'private' or 'public'; a private key is taken for the public one.
function readKey(data, format, type, passphrase, wants) {
  const bytes = bytesOf(data);
  const pass = passphrase === undefined || passphrase === null ? undefined : bytesOf(passphrase);
  const isPem = format === undefined || format === PEM;
  const key = isPem ? keyOfPem(bufferOf(bytes).toString('latin1'), pass, wants) : keyOfDer(bytes, ENCODINGS[type], pass, wants);
  if (wants === 'private' && !key.isPrivate) throw noDecoder();
  return key;
}

function usable(key) {
  if (key?.needs) throw needsNode(key.needs);
  return key;
}

// No public key, be it one that can not be read here: everybody has it.
function secretOf(bytes) {
  const text = bytes.length > 50 ? bufferOf(bytes).toString('latin1') : '';
  if (PUBLIC_PEM.test(text)) keyOfPem(text, undefined, 'public');
  return { __proto__: null, type: 'secret', bytes: bytes.slice() };
}

const invalidJwk = (kind) => nodeError(TypeError, 'ERR_CRYPTO_INVALID_JWK', `Invalid JWK ${kind} key`);

const decoded = (text) => new Uint8Array(Buffer.from(text, 'base64'));

function rsaOfJwk(jwk) {
  const key = {};
  for (const name of jwk.d === undefined ? ['n', 'e'] : RSA_PARTS) {
    if (typeof jwk[name] !== 'string') throw invalidJwk('RSA');
    key[name] = stripped(decoded(jwk[name]));
  }
  return rsaKey(key);
}

function ecOfJwk(jwk, name) {
  const curve = curveByName(name);
  if (!curve) throw nodeError(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
  if (typeof jwk.x !== 'string' || typeof jwk.y !== 'string') throw invalidJwk('EC');
  const [x, y] = [padded(decoded(jwk.x), curve.size), padded(decoded(jwk.y), curve.size)];
  const point = x && y && joined([4], x, y);
  const key = point && ecKey(curve, point);
  if (!key || jwk.d === undefined) return key;
  const whole = ecKey(curve, undefined, decoded(jwk.d));
  return whole && isSame(whole.point, point) ? whole : undefined;
}

class KeyObjectHandle {
  #key;

  static of(key) {
    const handle = new KeyObjectHandle();
    handle.#key = key;
    return handle;
  }

  // A secret's bytes, or the key; `data` may be either's handle.
  static keyOf(handle) { return typeof handle === 'object' && handle !== null && #key in handle ? handle.#key : undefined; }

  init(type, data, format, encoding, passphrase) {
    if (type === SECRET) {
      this.#key = secretOf(bytesOf(data));
    } else {
      const given = anyKeyOf(data);
      const key = given ?? readKey(data, format, encoding, passphrase, type === PRIVATE ? 'private' : 'public');
      this.#key = type === PUBLIC ? publicOf(key) : key;
    }
  }

  // Gives the kind of the key; undefined where it is none.
  initJwk(jwk, curve) {
    if (jwk.kty === 'oct') {
      if (typeof jwk.k !== 'string') throw invalidJwk('oct');
      this.#key = { __proto__: null, type: 'secret', bytes: decoded(jwk.k) };
      return SECRET;
    }
    const key = jwk.kty === 'RSA' ? rsaOfJwk(jwk) : jwk.kty === 'EC' ? ecOfJwk(jwk, curve) : undefined;
    if (!key) throw jwk.kty === 'EC' ? invalidJwk('EC') : nodeError(TypeError, 'ERR_CRYPTO_INVALID_JWK', 'Unsupported key type');
    this.#key = key;
    return key.isPrivate ? PRIVATE : PUBLIC;
  }

  initECRaw(name, data) {
    const curve = curveByName(name);
    this.#key = curve && ecKey(curve, bytesOf(data));
    return this.#key !== undefined;
  }

  initEDRaw(name, data, type) {
    const kind = { __proto__: null, Ed25519: 'ed25519', X25519: 'x25519' }[name];
    const bytes = bytesOf(data);
    this.#key = kind && (type === PUBLIC ? edwardsKey(kind, bytes) : edwardsKey(kind, undefined, bytes));
    return this.#key !== undefined;
  }

  getSymmetricKeySize() { return this.#key.bytes.length; }

  getAsymmetricKeyType() { return this.#key.type; }

  keyDetail(out) {
    const { type, bytes, n, e, curve, pss } = this.#key;
    if (type === 'secret') out.length = 8 * bytes.length;
    else if (type === 'ec') Object.assign(out, curve.name && { namedCurve: curve.name });
    else if (n) Object.assign(out, { modulusLength: bitLength(n), publicExponent: arrayBufferOf(e) });
    if (pss) Object.assign(out, { hashAlgorithm: pss.hash.name, mgf1HashAlgorithm: pss.maskHash.name, saltLength: pss.saltLength });
    return out;
  }

  checkEcKeyData() { return true; } // no key is made of a point that is none

  equals(other) {
    const [mine, theirs] = [this.#key, other.#key];
    if (mine.type !== theirs.type) return false;
    if (mine.type === 'secret') return mine.bytes.length === theirs.bytes.length && native.crypto.equal(mine.bytes, theirs.bytes);
    if (!mine.n) usable(mine);
    if (mine.isPrivate !== theirs.isPrivate || mine.curve !== theirs.curve) return false;
    return ['n', 'e', 'point', 'x'].every((name) => mine[name] === theirs[name] || isSame(mine[name], theirs[name]));
  }

  exportJwk(out) { return jwkOf(this.#key.n ? this.#key : usable(this.#key), out); }

  export(format, encoding, cipher, passphrase) {
    if (this.#key.type === 'secret') return bufferOf(this.#key.bytes.slice());
    return encodedKey(this.#key.n ? this.#key : usable(this.#key), format, encoding, cipher, passphrase);
  }
}

function encodedKey(key, format, encoding, cipher, passphrase) {
  if (format === JWK) return jwkOf(key, {});
  return writtenKey(key, format === PEM, ENCODINGS[encoding], cipher, passphrase && bytesOf(passphrase));
}

const { of: handleOf, keyOf: anyKeyOf } = KeyObjectHandle;
delete KeyObjectHandle.of;
delete KeyObjectHandle.keyOf;

const keyOf = (handle) => usable(anyKeyOf(handle));

// What Node's functions give as a key: a handle, or the data with its format.
function keyFrom(data, format, type, passphrase, wants) {
  return keyOf(data) ?? usable(readKey(data, format, type, passphrase, wants));
}

// A secret's handle, or its bytes.
const secretFrom = (data) => keyOf(data)?.bytes ?? bytesOf(data);

// The class that Node's KeyObject is made from; some jobs get the KeyObject instead of its handle.
class NativeKeyObject {
  #handle;

  constructor(handle) { this.#handle = handle; }

  static handleOf(object) { return typeof object === 'object' && object !== null && #handle in object ? object.#handle : undefined; }
}
const { handleOf: handleOfObject } = NativeKeyObject;
delete NativeKeyObject.handleOf;

const createNativeKeyObjectClass = (define) => define(NativeKeyObject);

module.exports = { KeyObjectHandle, handleOf, handleOfObject, keyOf, keyFrom, secretFrom, publicOf, encodedKey, createNativeKeyObjectClass };
