// The errors that Node's C++ and OpenSSL throw: by their number and text, for hooks and libraries look at them.
'use strict';

function nodeError(Base, code, message) {
  const error = new Base(message);
  error.code = code;
  return error;
}

// `prefix` is what stands in the code for the library, where that is not the provider's.
function opensslError(number, library, reason, prefix = '') {
  const error = new Error(`error:${number}:${library}::${reason}`);
  error.library = library;
  error.reason = reason;
  error.code = `ERR_OSSL_${prefix}${reason.toUpperCase().replaceAll(' ', '_')}`;
  return error;
}

const provider = (number, reason) => opensslError(number, 'Provider routines', reason);
const rsa = (number, reason) => opensslError(number, 'rsa routines', reason, 'RSA_');
const evp = (number, reason) => opensslError(number, 'digital envelope routines', reason, 'EVP_');

module.exports = {
  nodeError,
  needsNode: (what) => nodeError(
    Error, 'ERR_CRYPTO_UNSUPPORTED_OPERATION', `${what} is not part of the wasm engine; a hook that needs it has to say engine = "node".`),
  invalidDigest: (name) => nodeError(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', name === undefined ? 'Invalid digest' : `Invalid digest: ${name}`),
  notInitialised: () => nodeError(Error, 'ERR_CRYPTO_INVALID_STATE', 'Not initialised'),
  operationFailed: (message) => nodeError(Error, 'ERR_CRYPTO_OPERATION_FAILED', message),
  noDecoder: () => opensslError('1E08010C', 'DECODER routines', 'unsupported'),
  wrongTag: () => opensslError('068000A8', 'asn1 encoding routines', 'wrong tag', 'ASN1_'),
  noPassphrase: () => opensslError('07880109', 'common libcrypto routines', 'interrupted or cancelled', 'CRYPTO_'),
  badDecrypt: () => provider('1C800064', 'bad decrypt'),
  wrongFinalBlock: () => provider('1C80006B', 'wrong final block length'),
  digestNotForThis: () => provider('1C8000AE', 'digest not allowed'),
  digestNotAllowed: () => provider('1C80007A', 'invalid digest'),
  unknownPadding: () => provider('1C8000A5', 'illegal or unsupported padding mode'),
  paddingNotForThis: () => provider('1C8000A8', 'invalid padding mode'),
  badSaltLength: () => provider('1C800070', 'invalid salt length'),
  saltTooShort: () => provider('1C8000AC', 'pss saltlen too small'),
  notForPssKeys: () => provider('1C8000B2', 'operation not supported for this keytype'),
  failedInternally: () => provider('1C8C0103', 'internal error'),
  dataTooLarge: () => rsa('0200006E', 'data too large for key size'),
  dataTooLargeForModulus: () => rsa('02000084', 'data too large for modulus'),
  dataTooSmall: () => rsa('0200007A', 'data too small for key size'),
  digestTooBig: () => rsa('02000070', 'digest too big for rsa key'),
  oaepFailed: () => rsa('02000079', 'oaep decoding error'),
  notBlockType1: () => rsa('0200006A', 'block type is not 01'),
  notForThisKey: () => evp('03000096', 'operation not supported for this keytype'),
  notExtendable: () => evp('030000B2', 'not XOF or invalid length'),
};
