// The C++ of StringDecoder, TextEncoder and TextDecoder.
'use strict';
const { bytesText, bytesWrite, bytesAreUtf8, utf8Length, base64Encode } = native;
const [UTF8, BASE64, UTF16, BASE64URL] = [1, 2, 3, 7];
// Where a StringDecoder keeps what is not whole, in a Buffer of `SIZE`.
const [MISSING, BUFFERED, ENCODING, SIZE] = [4, 5, 6, 7];

const view = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));

function joined(first, second) {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

// How many bytes at the end begin a character that is not whole, and how many it wants.
function unfinished(bytes, encoding) {
  const { length } = bytes;
  if (encoding === UTF16) {
    const whole = length - length % 2;
    const high = whole >= 2 && (bytes[whole - 1] & 0xfc) === 0xd8;
    return high ? [2 + length % 2, 2 - length % 2] : [length % 2, length % 2];
  }
  if (encoding === BASE64 || encoding === BASE64URL) return [length % 3, length % 3 && 3 - length % 3];
  if (encoding !== UTF8) return [0, 0];
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1;
    if (byte >= 0xf5 || size <= back) return [0, 0];
    // As far as it goes it must be the beginning of one: alone, it is then shown as one replacement character.
    return bytesText(bytes, UTF8, length - back, length).length === 1 ? [back, size - back] : [0, 0];
  }
  return [0, 0];
}

function text(bytes, encoding) {
  if (encoding === BASE64 || encoding === BASE64URL) return base64Encode(bytes, encoding === BASE64URL);
  return bytesText(bytes, encoding, 0, bytes.length);
}

const string_decoder = {
  encodings: ['ascii', 'utf8', 'base64', 'utf16le', 'latin1', 'hex', 'buffer', 'base64url'],
  kIncompleteCharactersStart: 0, kIncompleteCharactersEnd: 4, kMissingBytes: MISSING, kBufferedBytes: BUFFERED, kEncodingField: ENCODING,
  kNumFields: SIZE, kSize: SIZE,
  decode(state, input) {
    const bytes = state[BUFFERED] > 0 ? joined(state.subarray(0, state[BUFFERED]), view(input)) : view(input);
    const [kept, missing] = unfinished(bytes, state[ENCODING]);
    state.set(bytes.subarray(bytes.length - kept));
    state[BUFFERED] = kept;
    state[MISSING] = missing;
    return text(bytes.subarray(0, bytes.length - kept), state[ENCODING]);
  },
  flush(state) {
    const count = state[ENCODING] === UTF16 ? state[BUFFERED] - state[BUFFERED] % 2 : state[BUFFERED];
    const rest = text(new Uint8Array(state.subarray(0, count)), state[ENCODING]);
    state[BUFFERED] = state[MISSING] = 0;
    return rest;
  },
};

function failed(encoding) {
  const { ERR_ENCODING_INVALID_ENCODED_DATA } = require('internal/errors').codes;
  return new ERR_ENCODING_INVALID_ENCODED_DATA(encoding, undefined);
}

function inputOf(input) {
  if (ArrayBuffer.isView(input) || native.className(input) === 'ArrayBuffer' || native.className(input) === 'SharedArrayBuffer') return view(input);
  const { ERR_INVALID_ARG_TYPE } = require('internal/errors').codes;
  throw new ERR_INVALID_ARG_TYPE('list', ['SharedArrayBuffer', 'ArrayBuffer', 'ArrayBufferView'], input);
}

const encodeIntoResults = new Uint32Array(2);
const encoding_binding = {
  encodeIntoResults,
  encodeInto(source, target) {
    const written = bytesWrite(target, source, UTF8, 0, target.length);
    encodeIntoResults[0] = bytesText(target, UTF8, 0, written).length;
    encodeIntoResults[1] = written;
  },
  encodeUtf8String(source) {
    const bytes = new Uint8Array(utf8Length(source));
    bytesWrite(bytes, source, UTF8, 0, bytes.length);
    return bytes;
  },
  decodeUTF8(input, ignoreBOM, fatal) {
    const bytes = inputOf(input);
    if (fatal && !bytesAreUtf8(bytes)) throw failed('utf-8');
    const mark = !ignoreBOM && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return bytesText(bytes, UTF8, mark ? 3 : 0, bytes.length);
  },
  toASCII: (domain) => require('internal/domains').toASCII(domain),
  toUnicode: (domain) => require('internal/domains').toUnicode(domain),
};

// TextDecoder's converters. FLUSH, FATAL and IGNORE_BOM are Node's numbers.
const [FLUSH, FATAL, IGNORE_BOM] = [1, 2, 4];
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

const decoders = {
  __proto__: null,
  'utf-8': UTF8,
  'utf-16le': UTF16,
  'utf-16be': UTF16,
  'windows-1252': 4,
  'iso-8859-1': 4,
};

const icu = {
  icuErrName: (code) => `U_ERROR_${code}`,
  hasConverter: (name) => name in decoders,
  getConverter: (name, flags) => (name in decoders ? { name, flags, kept: new Uint8Array(0), begun: false } : undefined),
  decode(converter, input, flags, encoding) {
    let bytes = joined(converter.kept, inputOf(input));
    const { name } = converter;
    if (name === 'windows-1252' || name === 'iso-8859-1') {
      return bytesText(bytes, 4, 0, bytes.length).replace(/[\x80-\x9f]/g, (c) => WINDOWS_1252[c.charCodeAt(0) - 128]);
    }
    if (name === 'utf-16be') {
      bytes = new Uint8Array(bytes);
      for (let i = 0; i + 1 < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1], bytes[i]];
    }
    const kind = decoders[name];
    const [kept] = unfinished(bytes, kind);
    const whole = bytes.subarray(0, bytes.length - kept);
    let shown = text(whole, kind);
    const isBroken = kind === UTF8 ? !bytesAreUtf8(whole) : !shown.isWellFormed();
    if (converter.flags & FATAL && (isBroken || (flags & FLUSH && kept > 0))) throw failed(encoding);
    if (kind === UTF16) shown = shown.toWellFormed();
    if (flags & FLUSH && kept > 0) shown += '\ufffd';
    converter.kept = flags & FLUSH ? new Uint8Array(0) : name === 'utf-16be' ? swapped(bytes.slice(bytes.length - kept)) : bytes.slice(bytes.length - kept);
    if (!converter.begun && !(converter.flags & IGNORE_BOM) && shown[0] === '\ufeff') shown = shown.slice(1);
    converter.begun = !(flags & FLUSH) && (converter.begun || shown !== '');
    return shown;
  },
  transcode(source, from, to) {
    const { Buffer } = require('buffer');
    const shown = Buffer.from(source).toString(from);
    return Buffer.from(to === 'ascii' || to === 'latin1' ? shown.replace(to === 'ascii' ? /[^\0-\x7f]/gu : /[^\0-\xff]/gu, '?') : shown, to);
  },
  toASCII: encoding_binding.toASCII,
  toUnicode: encoding_binding.toUnicode,
};

function swapped(bytes) {
  for (let i = 0; i + 1 < bytes.length; i += 2) [bytes[i], bytes[i + 1]] = [bytes[i + 1], bytes[i]];
  return bytes;
}

module.exports = { string_decoder, encoding_binding, icu };
