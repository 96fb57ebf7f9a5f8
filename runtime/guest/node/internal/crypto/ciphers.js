// Ciphers: CipherBase, which createCipheriv stands on, and RSA encryption.
'use strict';
const { bufferOf, bytesOf, joined, padded } = require('internal/crypto/bytes');
const failures = require('internal/crypto/failures');
const { keyFrom, secretFrom } = require('internal/crypto/key_handle');
const { bytesToKey } = require('internal/crypto/key_encryption');
const { hashByName } = require('internal/crypto/names');
const { nodeError, needsNode } = failures;
const {
  cipher, cipherAad, cipherFinal, cipherPadding, cipherUpdate, equal, oaepDecode, oaepEncode, random, rsaPrivate, rsaPublic,
} = native.crypto;

const MODES = ['ecb', 'cbc', 'ctr', 'gcm']; // in the order of crypto_cipher.zig
const NIDS = { __proto__: null, 128: [418, 419, 904, 895], 192: [422, 423, 905, 898], 256: [426, 427, 906, 901] };
const ALIAS = /^(?:id-)?aes-?(128|192|256)(?:-(ecb|cbc|ctr|gcm))?$/;
const OTHERS = /^(id-aes|aes|aria|bf|blowfish|camellia|cast|chacha20|des|idea|rc2|rc4|seed|sm4)/;

const CIPHERS = Object.keys(NIDS).flatMap((bits) => MODES.map((mode, kind) => ({
  __proto__: null,
  kind,
  mode,
  name: mode === 'gcm' ? `id-aes${bits}-GCM` : `aes-${bits}-${mode}`,
  nid: NIDS[bits][kind],
  keyLength: bits / 8,
  ivLength: [0, 16, 16, 12][kind],
  blockSize: kind < 2 ? 16 : 1,
})));

function cipherByName(name) {
  const [, bits, mode = 'cbc'] = ALIAS.exec(`${name}`.toLowerCase()) ?? [];
  return bits && CIPHERS.find((each) => each.keyLength === bits / 8 && each.mode === mode);
}

const cipherNames = () => [
  ...['128', '192', '256'].flatMap((bits) => [`aes${bits}`, `id-aes${bits}-GCM`, ...MODES.map((mode) => `aes-${bits}-${mode}`)]),
].toSorted();

function knownCipher(name) {
  const found = cipherByName(name);
  if (found) return found;
  if (OTHERS.test(`${name}`.toLowerCase())) throw needsNode(`The cipher ${name}`);
  throw nodeError(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
}

function getCipherInfo(out, nameOrNid, keyLength, ivLength) {
  const found = typeof nameOrNid === 'number' ? CIPHERS.find(({ nid }) => nid === nameOrNid) : cipherByName(nameOrNid);
  if (!found || (keyLength !== undefined && keyLength !== found.keyLength)) return undefined;
  if (ivLength !== undefined && ivLength !== found.ivLength && !(found.mode === 'gcm' && ivLength > 0)) return undefined;
  out.mode = found.mode;
  out.name = found.name;
  out.nid = found.nid;
  out.blockSize = found.blockSize;
  if (found.ivLength) out.ivLength = ivLength ?? found.ivLength;
  out.keyLength = found.keyLength;
  return out;
}

const isTagLength = (size) => size === 4 || size === 8 || (size >= 12 && size <= 16);
const badTagLength = (size) => nodeError(TypeError, 'ERR_CRYPTO_INVALID_AUTH_TAG', `Invalid authentication tag length: ${size}`);
const notAuthentic = () => new Error('Unsupported state or unable to authenticate data');

class CipherBase {
  #encrypts;
  #cipher;
  #state;
  #tag;
  #tagLength;
  #hasData = false;

  constructor(encrypts) { this.#encrypts = encrypts; }

  // With a passphrase, as createCipher does.
  init(name, passphrase, tagLength) {
    const found = knownCipher(name);
    const made = bytesToKey(bytesOf(passphrase), new Uint8Array(0), found.keyLength + found.ivLength);
    this.#start(found, made.subarray(0, found.keyLength), made.subarray(found.keyLength), tagLength);
  }

  initiv(name, key, iv, tagLength) {
    const found = knownCipher(name);
    const bytes = secretFrom(key);
    if (iv === null ? found.ivLength !== 0 : found.mode === 'gcm' ? iv.byteLength === 0 : iv.byteLength !== found.ivLength) {
      throw nodeError(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector');
    }
    if (bytes.length !== found.keyLength) throw nodeError(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
    this.#start(found, bytes, bytesOf(iv), tagLength);
  }

  #start(found, key, iv, tagLength) {
    if (found.mode === 'gcm' && tagLength !== -1) {
      if (!isTagLength(tagLength)) throw badTagLength(tagLength);
      this.#tagLength = tagLength;
    }
    this.#cipher = found;
    this.#state = cipher(found.kind, this.#encrypts ? 0 : 1, key, iv);
  }

  update(data, encoding) {
    if (this.#state === undefined) throw new Error('Trying to add data in unsupported state');
    this.#hasData = true;
    return bufferOf(cipherUpdate(this.#state, bytesOf(data, encoding)));
  }

  final() {
    const state = this.#state;
    if (state === undefined) throw nodeError(Error, 'ERR_CRYPTO_INVALID_STATE', 'Invalid state');
    this.#state = undefined;
    const last = cipherFinal(state);
    if (this.#cipher.mode === 'gcm') return this.#authenticate(last);
    if (last === -1) throw failures.wrongFinalBlock();
    if (last === -2) throw failures.badDecrypt();
    return bufferOf(last);
  }

  #authenticate(tag) {
    if (this.#encrypts) {
      this.#tag = tag.subarray(0, this.#tagLength ?? 16);
    } else if (this.#tag === undefined || !equal(tag.slice(0, this.#tag.length), this.#tag)) {
      throw notAuthentic();
    }
    return bufferOf(new Uint8Array(0));
  }

  setAutoPadding(pads) {
    if (this.#state === undefined) return false;
    cipherPadding(this.#state, pads ? 1 : 0);
    return true;
  }

  getAuthTag() {
    return this.#encrypts && this.#state === undefined && this.#tag ? bufferOf(this.#tag.slice()) : undefined;
  }

  setAuthTag(data) {
    if (this.#encrypts || this.#state === undefined || this.#cipher.mode !== 'gcm' || this.#tag) return false;
    const tag = bytesOf(data);
    if (!isTagLength(tag.length) || (this.#tagLength ?? tag.length) !== tag.length) throw badTagLength(tag.length);
    this.#tag = tag.slice();
    return true;
  }

  setAAD(data) {
    if (this.#state === undefined || this.#cipher.mode !== 'gcm' || this.#hasData) return false;
    cipherAad(this.#state, bytesOf(data));
    return true;
  }
}

// RSA encryption (RFC 8017, section 7): Node's paddings by their numbers.

const [PKCS1, NONE, OAEP] = [1, 3, 4];

function rsaOf(key) {
  if (key.type === 'rsa-pss') throw failures.notForPssKeys();
  if (key.type !== 'rsa') throw failures.notForThisKey();
  return key;
}

const withPublic = ({ n, e }, block) => rsaPublic(n, e, block) ?? failBecause(failures.dataTooLargeForModulus());
const withPrivate = ({ n, e, p, q, dp, dq, qi }, block) => rsaPrivate(n, e, p, q, dp, dq, qi, block) ?? failBecause(failures.dataTooLargeForModulus());

function failBecause(error) { throw error; }

function oaepHashes(name = 'sha1') {
  const hash = hashByName(name);
  if (!hash || hash.extends) throw Object.assign(new Error('Invalid digest used'), { code: 'ERR_OSSL_EVP_INVALID_DIGEST' });
  return hash;
}

// EME-PKCS1-v1_5 with fresh bytes that are not zero, or EMSA's with 0xff.
function pkcs1Block(data, size, type) {
  if (data.length > size - 11) throw failures.dataTooLarge();
  const block = new Uint8Array(size - data.length - 1).fill(0xff);
  if (type === 2) fillWithoutZeros(block.subarray(2));
  block[0] = 0;
  block[1] = type;
  return joined(block, [0], data);
}

function fillWithoutZeros(out) {
  const one = new Uint8Array(1);
  random(out);
  for (let i = 0; i < out.length; i++) {
    while (out[i] === 0) {
      random(one);
      out[i] = one[0];
    }
  }
}

function plainBlock(data, size) {
  if (data.length > size) throw failures.dataTooLarge();
  if (data.length < size) throw failures.dataTooSmall();
  return data;
}

function encrypted(key, data, padding, hash, label) {
  const size = key.n.length;
  if (padding === PKCS1) return withPublic(key, pkcs1Block(data, size, 2));
  if (padding === NONE) return withPublic(key, plainBlock(data, size));
  if (padding !== OAEP) throw failures.unknownPadding();
  const block = oaepEncode(hash.kind, hash.kind, label, data, size);
  return withPublic(key, block ?? failBecause(failures.dataTooLarge()));
}

function decrypted(key, data, padding, hash, label) {
  if (padding === NONE) return withPrivate(key, plainBlock(data, key.n.length));
  if (padding !== OAEP) throw failures.unknownPadding();
  const block = data.length === key.n.length ? withPrivate(key, data) : undefined;
  return (block && oaepDecode(hash.kind, hash.kind, label, block)) ?? failBecause(failures.oaepFailed());
}

function publicEncrypt(data, format, type, passphrase, buffer, padding, oaepHash, oaepLabel) {
  const key = rsaOf(keyFrom(data, format, type, passphrase, 'public'));
  return bufferOf(encrypted(key, bytesOf(buffer), padding, oaepHashes(oaepHash), bytesOf(oaepLabel)));
}

function privateDecrypt(data, format, type, passphrase, buffer, padding, oaepHash, oaepLabel) {
  const key = rsaOf(keyFrom(data, format, type, passphrase, 'private'));
  if (padding === PKCS1) {
    // Node 20 does not either: its errors would be an oracle (CVE-2023-46809).
    throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', 'RSA_PKCS1_PADDING is no longer supported for private decryption, this can be reverted with --security-revert=CVE-2023-46809');
  }
  return bufferOf(decrypted(key, bytesOf(buffer), padding, oaepHashes(oaepHash), bytesOf(oaepLabel)));
}

// With the private key, as signatures are made: no hash in it.
function privateEncrypt(data, format, type, passphrase, buffer, padding) {
  const key = rsaOf(keyFrom(data, format, type, passphrase, 'private'));
  const size = key.n.length;
  if (padding !== PKCS1 && padding !== NONE) throw failures.unknownPadding();
  const bytes = bytesOf(buffer);
  return bufferOf(withPrivate(key, padding === PKCS1 ? pkcs1Block(bytes, size, 1) : plainBlock(bytes, size)));
}

function publicDecrypt(data, format, type, passphrase, buffer, padding) {
  const key = rsaOf(keyFrom(data, format, type, passphrase, 'public'));
  if (padding !== PKCS1 && padding !== NONE) throw failures.unknownPadding();
  const given = padded(bytesOf(buffer), key.n.length) ?? failBecause(failures.dataTooLarge());
  const block = withPublic(key, given);
  if (padding === NONE) return bufferOf(block);
  const end = block.indexOf(0, 2);
  const isRight = block[0] === 0 && block[1] === 1 && end >= 10 && block.subarray(2, end).every((byte) => byte === 0xff);
  if (!isRight) throw failures.notBlockType1();
  return bufferOf(block.slice(end + 1));
}

module.exports = { CipherBase, cipherNames, getCipherInfo, publicEncrypt, privateDecrypt, privateEncrypt, publicDecrypt, encrypted, decrypted, rsaOf, pkcs1Block, withPrivate, withPublic };
