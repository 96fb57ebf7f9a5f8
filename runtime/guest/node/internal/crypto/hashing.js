// Hash, Hmac and the derivation of keys.
'use strict';
const { arrayBufferOf, bufferOf, bytesOf } = require('internal/crypto/bytes');
const { invalidDigest, needsNode, nodeError, notExtendable } = require('internal/crypto/failures');
const { secretFrom } = require('internal/crypto/key_handle');
const { hashByName, isOtherHash } = require('internal/crypto/names');
const { copy, digest, hash: newHash, hkdf, mac, pbkdf2, scrypt, update } = native.crypto;

const isUtf8 = (encoding) => encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8' || encoding === 'buffer';

// UTF-8 is made of text in C.
function take(state, data, encoding) {
  update(state, typeof data === 'string' && isUtf8(encoding) ? data : bytesOf(data, encoding));
}

function given(bytes, encoding) {
  const buffer = bufferOf(bytes);
  return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer;
}

// The hash that has this name, or `error` is thrown: each function of Node's has its own.
function knownHash(name, error) {
  const found = hashByName(name);
  if (found) return found;
  throw isOtherHash(name) ? needsNode(`The digest ${name}`) : error();
}

// What HMAC stands on: no SHAKE.
function macHash(name) {
  const found = knownHash(name, () => invalidDigest(name));
  if (found.extends) throw new Error('error:00000000:lib(0)::reason(0)');
  return found;
}

class Hash {
  #state;
  #length;
  #made;

  constructor(algorithm, length) {
    if (typeof algorithm === 'object') {
      this.#state = copy(algorithm.#state);
      this.#length = length ?? algorithm.#length;
      return;
    }
    const found = knownHash(algorithm, () => new Error('Digest method not supported'));
    if (length !== undefined && length !== found.length && !found.extends) throw notExtendable();
    this.#state = newHash(found.kind);
    this.#length = length ?? found.length;
  }

  update(data, encoding) {
    take(this.#state, data, encoding);
    return true;
  }

  digest(encoding) {
    this.#made ??= digest(this.#state, this.#length);
    return given(this.#made, encoding);
  }
}

class Hmac {
  #state;
  #length;

  init(name, key) {
    const found = macHash(name);
    this.#length = found.length;
    this.#state = mac(found.kind, secretFrom(key));
  }

  update(data, encoding) {
    take(this.#state, data, encoding);
    return true;
  }

  digest(encoding) { return given(digest(this.#state, this.#length), encoding); }
}

function digestOf(found, data, length = found.length) {
  const state = newHash(found.kind);
  update(state, data);
  return digest(state, length);
}

function oneShotDigest(name, id, cache, input, encoding) {
  const found = knownHash(name, () => new Error(`Digest method ${name} is not supported`));
  return given(digestOf(found, typeof input === 'string' ? input : bytesOf(input)), encoding);
}

function hmacOf(name, key, data) {
  const found = macHash(name);
  const state = mac(found.kind, key);
  update(state, data);
  return digest(state, found.length);
}

function timingSafeEqual(...buffers) {
  const [a, b] = buffers.map((buffer, i) => {
    if (ArrayBuffer.isView(buffer) || buffer instanceof ArrayBuffer) return bytesOf(buffer);
    throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The "buf${i + 1}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`);
  });
  if (a.length !== b.length) throw nodeError(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
  return native.crypto.equal(a, b);
}

// Each checks its arguments at once and gives a function that computes an ArrayBuffer.

function pbkdf2Work(password, salt, rounds, length, name) {
  const found = knownHash(name, () => invalidDigest(name));
  const [secret, salting] = [bytesOf(password), bytesOf(salt)];
  return () => arrayBufferOf(pbkdf2(found.kind, secret, salting, rounds, length));
}

function hkdfWork(name, key, salt, info, length) {
  const found = knownHash(name, () => invalidDigest(name));
  if (length > 255 * found.length) throw nodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
  const [secret, salting, about] = [secretFrom(key), bytesOf(salt), bytesOf(info)];
  return () => arrayBufferOf(hkdf(found.kind, secret, salting, about, length));
}

// OpenSSL's rules (RFC 7914, section 2) and its account of memory.
function scryptWork(password, salt, n, r, p, most, length) {
  const isPossible = n >= 2 && (n & (n - 1)) === 0 && p <= (2 ** 30 - 1) / r && (16 * r > 30 || n < 2 ** (16 * r));
  if (!isPossible || 128 * r * (n + 2 + p) > most || r * (n + p + 1) >= 2 ** 24) {
    const reason = isPossible ? 'error:030000AC:digital envelope routines::memory limit exceeded' : '';
    throw nodeError(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', reason ? `Invalid scrypt params: ${reason}` : 'Invalid scrypt params');
  }
  const [secret, salting] = [bytesOf(password), bytesOf(salt)];
  return () => arrayBufferOf(scrypt(secret, salting, n, r, p, length));
}

module.exports = { Hash, Hmac, digestOf, hmacOf, knownHash, oneShotDigest, timingSafeEqual, pbkdf2Work, hkdfWork, scryptWork };
