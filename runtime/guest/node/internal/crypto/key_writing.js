// Keys to PEM, DER and JWK (RFC 7517, 7518, 8037).
'use strict';
const der = require('internal/crypto/der');
const { bufferOf, padded } = require('internal/crypto/bytes');
const { encryptPkcs8 } = require('internal/crypto/key_encryption');
const { nodeError } = require('internal/crypto/failures');
const { OIDS } = require('internal/crypto/key_reading');

const RSA_PARTS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];
const LABELS = { __proto__: null, pkcs1: ['RSA PUBLIC KEY', 'RSA PRIVATE KEY'], spki: ['PUBLIC KEY', ''], pkcs8: ['', 'PRIVATE KEY'], sec1: ['', 'EC PRIVATE KEY'] };

function pssParameters({ pss }) {
  if (!pss) return [];
  const hash = ({ oid }) => der.sequence(der.oid(oid), der.nothing());
  const isDefault = ({ name }) => name === 'sha1';
  return [der.sequence(
    isDefault(pss.hash) ? [] : der.tagged(0, hash(pss.hash)),
    isDefault(pss.maskHash) ? [] : der.tagged(1, der.sequence(der.oid('2a864886f70d010108'), hash(pss.maskHash))),
    pss.saltLength === 20 ? [] : der.tagged(2, der.small(pss.saltLength)))];
}

function algorithm(key) {
  const parameters = { __proto__: null, rsa: () => [der.nothing()], 'rsa-pss': () => pssParameters(key), ec: () => [der.oid(key.curve.oid)] }[key.type];
  return der.sequence(der.oid(OIDS[key.type]), ...(parameters?.() ?? []));
}

const pkcs1Public = (key) => der.sequence(der.integer(key.n), der.integer(key.e));
const pkcs1Private = (key) => der.sequence(der.small(0), ...RSA_PARTS.map((name) => der.integer(key[name])));
const sec1 = (key, ...parameters) => der.sequence(der.small(1), der.octets(key.d), ...parameters, der.tagged(1, der.bits(key.point)));

function publicContent(key) {
  return key.type === 'ec' ? key.point : key.x ?? pkcs1Public(key);
}

function privateContent(key) {
  if (key.type === 'ec') return sec1(key);
  return key.x ? der.octets(key.d) : pkcs1Private(key);
}

const WRITERS = {
  __proto__: null,
  pkcs1: (key, isPrivate) => (isPrivate ? pkcs1Private(key) : pkcs1Public(key)),
  spki: (key) => der.sequence(algorithm(key), der.bits(publicContent(key))),
  pkcs8: (key) => der.sequence(der.small(0), algorithm(key), der.octets(privateContent(key))),
  sec1: (key) => sec1(key, der.tagged(0, der.oid(key.curve.oid))),
};

const derOf = (key, encoding) => WRITERS[encoding](key, key.isPrivate);

function pem(label, bytes) {
  const lines = bufferOf(bytes).toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

// As KeyObject.export gives it: text, or a Buffer of DER.
function writtenKey(key, isPem, encoding, cipher, passphrase) {
  const plain = derOf(key, encoding);
  const encrypted = cipher === undefined || cipher === null ? undefined : encryptPkcs8(plain, cipher, passphrase);
  const bytes = encrypted ?? plain;
  if (!isPem) return bufferOf(bytes);
  return pem(encrypted ? 'ENCRYPTED PRIVATE KEY' : LABELS[encoding][key.isPrivate ? 1 : 0], bytes);
}

const base64url = (bytes) => bufferOf(bytes).toString('base64url');

const JWK_CURVES = { __proto__: null, ed25519: 'Ed25519', x25519: 'X25519' };

// Node's order of the members.
function jwkOf(key, out) {
  const { type, isPrivate } = key;
  if (type === 'rsa') {
    out.kty = 'RSA';
    for (const name of isPrivate ? RSA_PARTS : ['n', 'e']) out[name] = base64url(key[name]);
  } else if (type === 'ec') {
    const { curve, point, d } = key;
    out.kty = 'EC';
    out.x = base64url(point.subarray(1, 1 + curve.size));
    out.y = base64url(point.subarray(1 + curve.size));
    out.crv = curve.jwk;
    if (isPrivate) out.d = base64url(padded(d, curve.size));
  } else if (type === 'secret') {
    out.kty = 'oct';
    out.k = base64url(key.bytes);
  } else if (type in JWK_CURVES) {
    out.crv = JWK_CURVES[type];
    if (isPrivate) out.d = base64url(key.d);
    out.x = base64url(key.x);
    out.kty = 'OKP';
  } else {
    throw nodeError(Error, 'ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE', 'Unsupported JWK Key Type.');
  }
  return out;
}

module.exports = { writtenKey, jwkOf, derOf };
