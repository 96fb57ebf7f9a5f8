// What Node's C++ takes and gives as bytes.
'use strict';
const { Buffer } = require('buffer');
const { isAnyArrayBuffer } = require('internal/util/types');

// Any view, buffer or text as a Uint8Array of its bytes, never a Buffer, whose slice copies nothing; only text is copied.
function bytesOf(value, encoding) {
  if (typeof value === 'string') return bytesOf(Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding));
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value === undefined || value === null) return new Uint8Array(0);
  if (!isAnyArrayBuffer(value)) throw new TypeError('no bytes');
  return new Uint8Array(value);
}

const bufferOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// An ArrayBuffer of its own.
const arrayBufferOf = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isSame(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// A number as its bytes, without those that are zero at its beginning; and with as many as there have to be.
function stripped(bytes) {
  let at = 0;
  while (at < bytes.length && bytes[at] === 0) at++;
  return bytes.subarray(at);
}

function padded(bytes, size) {
  const short = stripped(bytes);
  if (short.length > size) return undefined;
  const whole = new Uint8Array(size);
  whole.set(short, size - short.length);
  return whole;
}

function bitLength(bytes) {
  const short = stripped(bytes);
  return short.length === 0 ? 0 : 8 * short.length - Math.clz32(short[0]) + 24;
}

module.exports = { bytesOf, bufferOf, arrayBufferOf, joined, isSame, stripped, padded, bitLength };
