// Node's jobs: what its threads compute there is computed here at once, and told when the caller has gone on.
'use strict';
const process = require('process');
const { arrayBufferOf, bytesOf } = require('internal/crypto/bytes');
const { needsNode, operationFailed } = require('internal/crypto/failures');
const { decrypted, encrypted, rsaOf } = require('internal/crypto/ciphers');
const { digestOf, hkdfWork, hmacOf, knownHash, pbkdf2Work, scryptWork } = require('internal/crypto/hashing');
const { knownCurve, newEcKey, newEdwardsKey, shared } = require('internal/crypto/agreement');
const { encodedKey, handleOf, handleOfObject, keyOf, publicOf, secretFrom } = require('internal/crypto/key_handle');
const { derOf } = require('internal/crypto/key_writing');
const { signatureWork } = require('internal/crypto/signatures');
const { aesWork } = require('internal/crypto/aes_work');
const { equal, random } = native.crypto;

const SYNC = 1;
const [RAW, PKCS8] = [0, 1]; // SPKI is 2
const EDWARDS = { __proto__: null, 1087: 'ed25519', 1034: 'x25519' };

class Job {
  #isSync;
  #work;

  constructor(mode, work) {
    this.#isSync = mode === SYNC;
    this.#work = work;
  }

  // [error, result] at once, or `ondone` is called with them.
  run() {
    const [error, result] = this.#done();
    if (this.#isSync) return [error, result];
    process.nextTick((job) => job.ondone(error, result), this);
    return undefined;
  }

  #done() {
    try {
      return [undefined, this.#work()];
    } catch (error) {
      return [error, undefined];
    }
  }
}

// A class of jobs: `prepare` takes the arguments, throws where they are wrong, and gives the function that computes.
const jobs = (prepare) => class extends Job {
  constructor(mode, ...args) { super(mode, prepare(...args)); }
};

const unavailable = (what) => jobs(() => { throw needsNode(what); });

function pair(key, [publicFormat, publicType, privateFormat, privateType, cipher, passphrase]) {
  const open = publicOf(key);
  return [
    publicFormat === undefined ? handleOf(open) : encodedKey(open, publicFormat, publicType),
    privateFormat === undefined ? handleOf(key) : encodedKey(key, privateFormat, privateType, cipher, passphrase),
  ];
}

function exported(format, handle) {
  const key = keyOf(handle);
  if (format === RAW) return arrayBufferOf((key.point ?? key.x).slice());
  return arrayBufferOf(derOf(key, format === PKCS8 ? 'pkcs8' : 'spki'));
}

function keyGeneration(make, encodings) {
  return () => pair(make(), encodings);
}

const asArrayBuffer = (work) => () => {
  const made = work();
  return typeof made === 'boolean' ? made : arrayBufferOf(made);
};

module.exports = {
  HashJob: jobs((name, data) => {
    const [hash, bytes] = [knownHash(name, () => new Error('Digest method not supported')), bytesOf(data)];
    return () => arrayBufferOf(digestOf(hash, bytes));
  }),
  HmacJob: jobs((mode, name, handle, data, signature) => () => {
    const made = hmacOf(name, keyOf(handle).bytes, bytesOf(data));
    if (mode === 0) return arrayBufferOf(made);
    const given = bytesOf(signature);
    return given.length === made.length && equal(given, made);
  }),
  SignJob: jobs((mode, ...args) => asArrayBuffer(signatureWork(mode === 0, ...args))),
  PBKDF2Job: jobs(pbkdf2Work),
  HKDFJob: jobs((name, key, ...args) => hkdfWork(name, handleOfObject(key) ?? key, ...args)),
  ScryptJob: jobs(scryptWork),
  RandomBytesJob: jobs((buffer, offset, size) => () => { random(bytesOf(buffer).subarray(offset, offset + size)); }),
  AESCipherJob: jobs((mode, handle, data, ...args) => aesWork(mode === 1, secretFrom(handle), bytesOf(data), ...args)),
  RSACipherJob: jobs((mode, handle, data, variant, name, label) => () => {
    const work = mode === 1 ? decrypted : encrypted;
    return arrayBufferOf(work(rsaOf(keyOf(handle)), bytesOf(data), 4, knownHash(name, operationFailed), bytesOf(label)));
  }),
  ECDHBitsJob: jobs((name, publicHandle, privateHandle) => () => arrayBufferOf(shared(keyOf(privateHandle), keyOf(publicHandle)))),
  RSAKeyExportJob: jobs((format, handle) => () => exported(format, handle)),
  ECKeyExportJob: jobs((format, handle) => () => exported(format, handle)),
  SecretKeyGenJob: jobs((bits) => () => {
    const bytes = new Uint8Array(Math.floor(bits / 8));
    random(bytes);
    return handleOf({ __proto__: null, type: 'secret', bytes });
  }),
  EcKeyPairGenJob: jobs((name, parameters, ...encodings) => {
    const curve = knownCurve(name);
    if (parameters === 0) throw needsNode('A curve given by its parameters');
    return keyGeneration(() => newEcKey(curve), encodings);
  }),
  NidKeyPairGenJob: jobs((id, ...encodings) => {
    if (!(id in EDWARDS)) throw needsNode('A key of the curve 448');
    return keyGeneration(() => newEdwardsKey(EDWARDS[id]), encodings);
  }),
  RsaKeyPairGenJob: unavailable('To make an RSA key'), // half a second, whatever the time that a hook has
  DsaKeyPairGenJob: unavailable('A DSA key'),
  DhKeyPairGenJob: unavailable('Diffie-Hellman without an elliptic curve'),
  RandomPrimeJob: unavailable('To make primes'),
  CheckPrimeJob: unavailable('To check primes'),
};
