// internalBinding('crypto'): what Node's lib/internal/crypto/*.js finds as its C++.
'use strict';
const { CipherBase, cipherNames, getCipherInfo, privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt } = require('internal/crypto/ciphers');
const { ECDH, convertKey, statelessDH } = require('internal/crypto/agreement');
const { Hash, Hmac, oneShotDigest, timingSafeEqual } = require('internal/crypto/hashing');
const { KeyObjectHandle, createNativeKeyObjectClass } = require('internal/crypto/key_handle');
const { needsNode } = require('internal/crypto/failures');
const { Sign, Verify } = require('internal/crypto/signatures');
const { hashNames, CURVES } = require('internal/crypto/names');

const numbered = (names, first = 0) => Object.fromEntries(names.map((name, i) => [name, first + i]));

function needing(what) {
  return function () { throw needsNode(what); };
}

const dh = needing('Diffie-Hellman without an elliptic curve');
const spkac = needing('SPKAC');

module.exports = {
  ...require('internal/crypto/jobs'),
  ...numbered(['kKeyVariantAES_CTR_128', 'kKeyVariantAES_CTR_192', 'kKeyVariantAES_CTR_256']),
  ...numbered(['kKeyVariantAES_CBC_128', 'kKeyVariantAES_CBC_192', 'kKeyVariantAES_CBC_256'], 3),
  ...numbered(['kKeyVariantAES_GCM_128', 'kKeyVariantAES_GCM_192', 'kKeyVariantAES_GCM_256'], 6),
  ...numbered(['kKeyVariantAES_KW_128', 'kKeyVariantAES_KW_192', 'kKeyVariantAES_KW_256'], 9),
  ...numbered(['kKeyVariantRSA_SSA_PKCS1_v1_5', 'kKeyVariantRSA_PSS', 'kKeyVariantRSA_OAEP']),
  ...numbered(['kWebCryptoCipherEncrypt', 'kWebCryptoCipherDecrypt']),
  ...numbered(['kWebCryptoKeyFormatRaw', 'kWebCryptoKeyFormatPKCS8', 'kWebCryptoKeyFormatSPKI', 'kWebCryptoKeyFormatJWK']),
  ...numbered(['kKeyEncodingPKCS1', 'kKeyEncodingPKCS8', 'kKeyEncodingSPKI', 'kKeyEncodingSEC1']),
  ...numbered(['kKeyFormatDER', 'kKeyFormatPEM', 'kKeyFormatJWK']),
  ...numbered(['kKeyTypeSecret', 'kKeyTypePublic', 'kKeyTypePrivate']),
  ...numbered(['kSigEncDER', 'kSigEncP1363']),
  ...numbered(['kSignJobModeSign', 'kSignJobModeVerify']),
  ...numbered(['kCryptoJobAsync', 'kCryptoJobSync']),
  ...numbered(['OPENSSL_EC_EXPLICIT_CURVE', 'OPENSSL_EC_NAMED_CURVE']),
  EVP_PKEY_ED25519: 1087,
  EVP_PKEY_ED448: 1088,
  EVP_PKEY_X25519: 1034,
  EVP_PKEY_X448: 1035,
  RSA_PKCS1_PSS_PADDING: 6,

  Hash,
  Hmac,
  oneShotDigest,
  timingSafeEqual,
  CipherBase,
  getCipherInfo,
  publicEncrypt,
  publicDecrypt,
  privateEncrypt,
  privateDecrypt,
  Sign,
  Verify,
  KeyObjectHandle,
  createNativeKeyObjectClass,
  ECDH,
  ECDHConvertKey: convertKey,
  statelessDH,
  DiffieHellman: dh,
  DiffieHellmanGroup: dh,
  certVerifySpkac: spkac,
  certExportPublicKey: spkac,
  certExportChallenge: spkac,

  getHashes: hashNames,
  getCiphers: cipherNames,
  getCurves: () => CURVES.map(({ name }) => name),
  getCachedAliases: () => ({ __proto__: null }),
  secureBuffer: (size) => new Uint8Array(size),
  secureHeapUsed: () => undefined,
  setEngine: needing('An engine of OpenSSL'),
  getFipsCrypto: () => 0,
  setFipsCrypto: needing('FIPS mode'),
};
