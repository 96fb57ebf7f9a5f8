// Buffer's C++, on the C functions of src/bytes.c.
'use strict';
const { bytesText, bytesWrite, bytesCompare, bytesIndex, bytesSwap, bytesAreUtf8, utf8Length, base64Encode } = native;
const [ASCII, UTF8, BASE64, UTF16, LATIN1, HEX, , BASE64URL] = [0, 1, 2, 3, 4, 5, 6, 7];
const { atob, btoa } = globalThis;
const names = ['ascii', 'utf8', 'base64', 'utf16le', 'latin1', 'hex', 'latin1', 'base64url'];

function failed(name, ...rest) {
  return new (require('internal/errors').codes[name])(...rest);
}

// Start and end of a slice as Node's C++ takes them.
function place(value, otherwise) {
  if (value === undefined) return otherwise;
  const index = Math.trunc(+value) || 0;
  if (index < 0) throw failed('ERR_OUT_OF_RANGE', 'index', '>= 0', value);
  return index;
}

const textOf = (encoding) => function (start, end) {
  const { length } = this;
  const from = Math.min(place(start, 0), length);
  return bytesText(this, encoding, from, Math.max(from, Math.min(place(end, length), length)));
};

const base64Of = (url) => function (start, end) {
  const { length } = this;
  const from = Math.min(place(start, 0), length);
  return base64Encode(new Uint8Array(this.buffer, this.byteOffset + from, Math.max(0, Math.min(place(end, length), length) - from)), url);
};

const writerOf = (encoding) => function (text, offset, length) {
  if (typeof text !== 'string') throw failed('ERR_INVALID_ARG_TYPE', 'argument', 'string', text);
  const at = place(offset, 0);
  if (at > this.length) throw failed('ERR_BUFFER_OUT_OF_BOUNDS', 'offset');
  return bytesWrite(this, text, encoding, at, Math.min(place(length, this.length - at), this.length - at));
};

function encoded(text, encoding) {
  return require('buffer').Buffer.from(text, names[encoding]);
}

function part(bytes, start, end) {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start));
}

const view = (bytes) => (ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes));

module.exports = {
  kMaxLength: 2 ** 32,
  kStringMaxLength: 2 ** 29 - 24,
  setBufferPrototype() {},
  getZeroFillToggle: () => [0],
  byteLengthUtf8: utf8Length,
  compare: (one, other) => bytesCompare(view(one), view(other)),
  compareOffset(source, target, targetStart, sourceStart, targetEnd, sourceEnd) {
    if (sourceStart > source.length) throw failed('ERR_OUT_OF_RANGE', 'The value of "sourceStart" is out of range.');
    if (targetStart > target.length) throw failed('ERR_OUT_OF_RANGE', 'The value of "targetStart" is out of range.');
    return bytesCompare(part(source, sourceStart, Math.min(sourceEnd, source.length)), part(target, targetStart, Math.min(targetEnd, target.length)));
  },
  fill(buffer, value, start, end, encoding) {
    if (start > end || end > buffer.length) return -2;
    let bytes;
    if (typeof value === 'string') bytes = encoded(value, Math.max(0, names.indexOf(require('internal/util').normalizeEncoding(encoding) ?? 'utf8')));
    else if (typeof value === 'boolean') bytes = [+value];
    else bytes = view(value);
    if (bytes.length === 0) return -1;
    for (let at = start; at < end; at += bytes.length) {
      buffer.set(at + bytes.length <= end ? bytes : bytes.subarray ? bytes.subarray(0, end - at) : bytes, at);
    }
    return undefined;
  },
  isAscii: (input) => view(input).every((byte) => byte < 128),
  isUtf8: (input) => bytesAreUtf8(view(input)),
  indexOfBuffer: (buffer, wanted, from, encoding, forward) => bytesIndex(buffer, view(wanted), from, forward, encoding === UTF16 ? 2 : 1),
  indexOfNumber: (buffer, wanted, from, forward) => bytesIndex(buffer, new Uint8Array([wanted]), from, forward, 1),
  indexOfString: (buffer, wanted, from, encoding, forward) => bytesIndex(buffer, encoded(wanted, encoding), from, forward, encoding === UTF16 ? 2 : 1),
  swap16: (buffer) => bytesSwap(buffer, 2),
  swap32: (buffer) => bytesSwap(buffer, 4),
  swap64: (buffer) => bytesSwap(buffer, 8),
  atob(input) {
    try {
      return atob(input);
    } catch {
      return /^[A-Za-z0-9+/=\t\n\f\r ]*$/.test(input) ? -1 : -2;
    }
  },
  btoa(input) {
    try {
      return btoa(input);
    } catch {
      return -1;
    }
  },
  asciiSlice: textOf(ASCII), latin1Slice: textOf(LATIN1), utf8Slice: textOf(UTF8), ucs2Slice: textOf(UTF16), hexSlice: textOf(HEX),
  base64Slice: base64Of(false), base64urlSlice: base64Of(true),
  asciiWrite: writerOf(LATIN1), latin1Write: writerOf(LATIN1), utf8Write: writerOf(UTF8), ucs2Write: writerOf(UTF16), hexWrite: writerOf(HEX),
  base64Write: writerOf(BASE64), base64urlWrite: writerOf(BASE64URL),
};
