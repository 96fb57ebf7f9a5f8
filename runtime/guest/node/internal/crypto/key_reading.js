// PEM and DER to keys: PKCS#1, PKCS#8, SEC1, SubjectPublicKeyInfo, the public key of an X.509 certificate.
//
// A key is {type, isPrivate, ...}: 'rsa' and 'rsa-pss' have n, e and d, p, q, dp, dq, qi as bytes without leading zeros;
// 'ec' has curve, point (uncompressed) and d; 'ed25519' and 'x25519' have x and d. One with `needs` only Node can compute with.
// It is a key all the same: jsonwebtoken takes what is none for a secret, and a token signed with a public one for a good one.
'use strict';
const { Reader } = require('internal/crypto/der');
const { bitLength, bytesOf, padded } = require('internal/crypto/bytes');
const { needsNode, noDecoder, noPassphrase, wrongTag } = require('internal/crypto/failures');
const { curveByOid, hashByOid, hashByName } = require('internal/crypto/names');
const { decryptPkcs8, decryptLegacy } = require('internal/crypto/key_encryption');
const { ecPoint, ecPublic, ed25519Public, x25519 } = native.crypto;

const OIDS = {
  __proto__: null, rsa: '2a864886f70d010101', 'rsa-pss': '2a864886f70d01010a', ec: '2a8648ce3d0201', ed25519: '2b6570', x25519: '2b656e',
};
const TYPES = { __proto__: null };
for (const type in OIDS) TYPES[OIDS[type]] = type;
const OTHER_TYPES = { __proto__: null, '2a8648ce380401': 'dsa', '2a864886f70d010301': 'dh', '2a8648ce3e0201': 'dh', '2b6571': 'ed448', '2b656f': 'x448' };
const P521 = '2b81040023';
const [OWN_CURVE, OTHER_CURVE] = ['A curve given by its parameters', 'An elliptic curve other than P-256, P-384 and secp256k1'];
const MOST_BITS = 4096;

function rsaKey(key) {
  const bits = bitLength(key.n);
  const needs = bits > MOST_BITS ? `An RSA key of ${bits} bits` : undefined;
  return { __proto__: null, type: 'rsa', isPrivate: key.d !== undefined, needs, ...key };
}

const onlyForNode = (type, isPrivate, needs, more) => ({ __proto__: null, type, isPrivate, needs, ...more });

function ecKey(curve, point, d) {
  if (curve.needs) return onlyForNode('ec', d !== undefined, curve.needs, { curve });
  const whole = d === undefined ? undefined : padded(d, curve.size);
  const found = d === undefined ? ecPoint(curve.kind, point) : whole && ecPublic(curve.kind, whole);
  return found ? { __proto__: null, type: 'ec', isPrivate: d !== undefined, curve, point: found, d: whole } : undefined;
}

function edwardsKey(type, x, d) {
  if ((d ?? x).length !== 32) return undefined;
  const seed = d && d.slice();
  const found = x?.slice() ?? (type === 'ed25519' ? ed25519Public(seed) : x25519(seed, new Uint8Array(0)));
  return { __proto__: null, type, isPrivate: d !== undefined, x: found, d: seed };
}

function readRsaPublic(reader) {
  const sequence = reader.sequence();
  return rsaKey({ n: sequence.integer(), e: sequence.integer() });
}

function readRsaPrivate(reader) {
  const sequence = reader.sequence();
  if (sequence.small() !== 0) throw wrongTag();
  const key = {};
  for (const name of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']) key[name] = sequence.integer();
  return rsaKey(key);
}

// RSASSA-PSS-params (RFC 8017, appendix A.2.3); none allow everything.
function readPssParameters(reader) {
  if (reader.isAtEnd) return undefined;
  const sequence = reader.sequence();
  const hash = sequence.tagged(0)?.sequence().oid();
  const mask = sequence.tagged(1)?.sequence();
  if (mask) mask.oid();
  const maskHash = mask?.sequence().oid();
  const sha1 = hashByName('sha1');
  return { hash: hash ? hashByOid(hash) : sha1, maskHash: maskHash ? hashByOid(maskHash) : sha1, saltLength: sequence.tagged(2)?.small() ?? 20 };
}

function readCurve(parameters) {
  if (!parameters.is(0x06)) return { __proto__: null, needs: OWN_CURVE };
  const oid = parameters.oid();
  return curveByOid(oid) ?? { __proto__: null, needs: OTHER_CURVE, name: oid === P521 ? 'secp521r1' : undefined };
}

function readEcPrivate(reader, knownCurve) {
  const sequence = reader.sequence();
  if (sequence.small() !== 1) throw wrongTag();
  const d = sequence.octets();
  const own = sequence.tagged(0);
  const curve = own ? readCurve(own) : knownCurve;
  if (!curve) throw wrongTag();
  return ecKey(curve, undefined, d) ?? fail();
}

function fail() { throw noDecoder(); }

function readAlgorithm(sequence) {
  const parameters = sequence.sequence();
  const oid = parameters.oid();
  const type = TYPES[oid] ?? OTHER_TYPES[oid];
  if (!type) throw needsNode('A key of this type');
  return { type, parameters, needs: TYPES[oid] ? undefined : `A key of the type ${type}` };
}

function readSpki(reader) {
  const sequence = reader.sequence();
  const { type, parameters, needs } = readAlgorithm(sequence);
  const bits = sequence.bits();
  if (needs) return onlyForNode(type, false, needs);
  if (type === 'ec') return ecKey(readCurve(parameters), bits) ?? fail();
  if (type === 'ed25519' || type === 'x25519') return edwardsKey(type, bits) ?? fail();
  const key = readRsaPublic(new Reader(bits));
  return type === 'rsa' ? key : { ...key, type, pss: readPssParameters(parameters) };
}

function readPkcs8(reader) {
  const sequence = reader.sequence();
  if (sequence.small() > 1) throw wrongTag();
  const { type, parameters, needs } = readAlgorithm(sequence);
  const content = new Reader(sequence.octets());
  if (needs) return onlyForNode(type, true, needs);
  if (type === 'ec') return readEcPrivate(content, readCurve(parameters));
  if (type === 'ed25519' || type === 'x25519') return edwardsKey(type, undefined, content.octets()) ?? fail();
  const key = readRsaPrivate(content);
  return type === 'rsa' ? key : { ...key, type, pss: readPssParameters(parameters) };
}

// RFC 5280, section 4.1: nothing but its key is looked at.
function readCertificate(reader) {
  const certificate = reader.sequence().sequence();
  certificate.tagged(0);
  for (let i = 0; i < 5; i++) certificate.skip(); // serial number, signature, issuer, validity, subject
  return readSpki(certificate);
}

const [BEGIN, END] = ['-----BEGIN ', '-----'];

// [{label, headers, bytes}] of everything in the text. Headers stand before an empty line, and only with an encrypted key.
function readPem(text) {
  const found = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
    const labelled = text.indexOf(END, at + BEGIN.length);
    const label = text.slice(at + BEGIN.length, labelled);
    const end = labelled < 0 ? -1 : text.indexOf(`\n-----END ${label}-----`, labelled);
    if (end < 0) continue;
    const body = text.slice(text.indexOf('\n', labelled), end);
    if (/[^\0- ]/.test(text.slice(labelled + END.length, text.indexOf('\n', labelled)))) continue;
    const headers = body.includes(':') ? body.slice(0, body.lastIndexOf(':')) + body.slice(body.lastIndexOf(':')).split('\n', 1)[0] : '';
    found.push({ label, headers, bytes: bytesOf(body.slice(headers.length).replaceAll('\r', ''), 'base64') });
  }
  return found;
}

const PUBLIC = { __proto__: null, 'PUBLIC KEY': readSpki, 'RSA PUBLIC KEY': readRsaPublic, CERTIFICATE: readCertificate, 'X509 CERTIFICATE': readCertificate, 'TRUSTED CERTIFICATE': readCertificate };
const PRIVATE = { __proto__: null, 'PRIVATE KEY': readPkcs8, 'RSA PRIVATE KEY': readRsaPrivate, 'EC PRIVATE KEY': (reader) => readEcPrivate(reader) };

// OpenSSL tries one reading after the other and says no more than that none fits.
function firstFit(read) {
  try {
    return read();
  } catch (error) {
    throw error.code === 'ERR_OSSL_ASN1_WRONG_TAG' ? noDecoder() : error;
  }
}

function readPrivatePem({ label, headers, bytes }, passphrase) {
  const isEncrypted = label === 'ENCRYPTED PRIVATE KEY' || headers.includes('ENCRYPTED');
  if (isEncrypted && passphrase === undefined) throw noPassphrase();
  if (label === 'ENCRYPTED PRIVATE KEY') return readPkcs8(new Reader(decryptPkcs8(new Reader(bytes), passphrase)));
  return PRIVATE[label](new Reader(isEncrypted ? decryptLegacy(headers, bytes, passphrase) : bytes));
}

const isPrivatePem = ({ label }) => label in PRIVATE || label === 'ENCRYPTED PRIVATE KEY';

// A key of PEM: the first that is one of those wanted.
function keyOfPem(text, passphrase, wants) {
  const blocks = readPem(text);
  if (wants !== 'private') {
    const block = blocks.find(({ label }) => label in PUBLIC);
    if (block) return PUBLIC[block.label](new Reader(block.bytes));
  }
  const block = blocks.find(isPrivatePem);
  if (!block) throw noDecoder();
  return firstFit(() => readPrivatePem(block, passphrase));
}

function isPkcs1Private(bytes) {
  const sequence = new Reader(bytes).sequence();
  sequence.integer();
  sequence.integer();
  return !sequence.isAtEnd;
}

// `encoding` is Node's: pkcs1, pkcs8, spki, sec1.
function keyOfDer(bytes, encoding, passphrase, wants) {
  const reader = new Reader(bytes);
  switch (encoding) {
    case 'pkcs1': return wants === 'private' || isPkcs1Private(bytes) ? firstFit(() => readRsaPrivate(reader)) : readRsaPublic(reader);
    case 'spki': return readSpki(reader);
    case 'sec1': return firstFit(() => readEcPrivate(reader));
    default: {
      if (new Reader(bytes).sequence().is(0x02)) return readPkcs8(reader);
      if (passphrase === undefined) throw noPassphrase();
      return readPkcs8(new Reader(decryptPkcs8(reader, passphrase)));
    }
  }
}

module.exports = { keyOfPem, keyOfDer, rsaKey, ecKey, edwardsKey, OIDS };
