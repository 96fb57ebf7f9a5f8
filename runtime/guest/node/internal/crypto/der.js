// ASN.1 in DER (X.690), as much as keys are made of.
'use strict';
const { Buffer } = require('buffer');
const { joined, stripped } = require('internal/crypto/bytes');
const { wrongTag } = require('internal/crypto/failures');

const TAGS = { __proto__: null, integer: 0x02, bits: 0x03, octets: 0x04, nothing: 0x05, oid: 0x06, sequence: 0x30 };

// Reads values one behind the other. What is not there, or not as it should be, throws.
class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) { this.#bytes = bytes; }

  get isAtEnd() { return this.#at >= this.#bytes.length; }

  is(tag) { return this.#bytes[this.#at] === tag; }

  // The content of the next value, which must have this tag.
  take(tag) {
    if (!this.is(tag)) throw wrongTag();
    this.#at++;
    const size = this.#size();
    const end = this.#at + size;
    if (end > this.#bytes.length) throw wrongTag();
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return content;
  }

  #size() {
    const first = this.#bytes[this.#at++];
    if (first < 0x80) return first;
    if (!(first > 0x80 && first <= 0x84)) throw wrongTag();
    let size = 0;
    for (let i = 0; i < (first & 0x7f); i++) size = size * 256 + this.#bytes[this.#at++];
    return size;
  }

  skip() { this.take(this.#bytes[this.#at]); }

  // A positive number's bytes without zeros at its beginning.
  integer() {
    const content = this.take(TAGS.integer);
    if (content.length === 0 || content[0] > 127) throw wrongTag();
    return stripped(content);
  }

  small() { return this.integer().reduce((sum, byte) => sum * 256 + byte, 0); }

  oid() { return Buffer.from(this.take(TAGS.oid)).toString('hex'); }

  octets() { return this.take(TAGS.octets); }

  sequence() { return new Reader(this.take(TAGS.sequence)); }

  // A bit string of whole bytes.
  bits() {
    const content = this.take(TAGS.bits);
    if (content[0] !== 0) throw wrongTag();
    return content.subarray(1);
  }

  // [number] where it is there, else undefined.
  tagged(number) { return this.is(0xa0 | number) ? new Reader(this.take(0xa0 | number)) : undefined; }
}

function value(tag, ...parts) {
  const content = joined(...parts);
  const size = content.length;
  if (size < 0x80) return joined([tag, size], content);
  if (size < 0x100) return joined([tag, 0x81, size], content);
  return joined([tag, 0x82, size >> 8, size & 0xff], content);
}

function integer(bytes) {
  const short = stripped(bytes);
  return value(TAGS.integer, short.length === 0 || short[0] > 127 ? [0] : [], short);
}

module.exports = {
  Reader,
  value,
  integer,
  small: (number) => integer(Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number)),
  oid: (hex) => value(TAGS.oid, Buffer.from(hex, 'hex')),
  octets: (bytes) => value(TAGS.octets, bytes),
  bits: (bytes) => value(TAGS.bits, [0], bytes),
  sequence: (...parts) => value(TAGS.sequence, ...parts),
  tagged: (number, ...parts) => value(0xa0 | number, ...parts),
  nothing: () => value(TAGS.nothing),
};
