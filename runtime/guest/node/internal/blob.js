// Blob and File, whose bytes lie in memory.
'use strict';
const { inspect } = require('internal/util/inspect');
const { kEnumerableProperty } = require('internal/util');
const { isAnyArrayBuffer } = require('internal/util/types');
const { ERR_INVALID_ARG_TYPE, ERR_MISSING_ARGS } = require('internal/errors').codes;
const { encodeUtf8String, decodeUTF8 } = require('internal/bindings').encoding_binding;

function bytesOf(part, native) {
  if (isBlob(part)) return part[kBytes];
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  if (isAnyArrayBuffer(part)) return new Uint8Array(part);
  return encodeUtf8String((native ? `${part}`.replace(/\r\n|\r/g, '\n') : `${part}`).toWellFormed());
}

const kBytes = Symbol('bytes');
const kType = Symbol('type');
const typeOf = (type) => (/^[ -~]*$/.test(type) ? type.toLowerCase() : '');

class Blob {
  constructor(sources = [], options = {}) {
    if (sources === null || typeof sources[Symbol.iterator] !== 'function' || typeof sources === 'string') {
      throw new ERR_INVALID_ARG_TYPE('sources', 'a sequence', sources);
    }
    const { type = '', endings = 'transparent' } = options ?? {};
    const parts = [...sources].map((part) => bytesOf(part, endings === 'native'));
    const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    Object.defineProperty(this, kBytes, { value: bytes });
    Object.defineProperty(this, kType, { value: typeOf(`${type}`) });
  }

  get size() { return this[kBytes].length; }
  get type() { return this[kType]; }
  slice(start = 0, end = this.size, type = '') { return new Blob([this[kBytes].slice(start, end)], { type }); }
  async arrayBuffer() { return this[kBytes].slice().buffer; }
  async bytes() { return this[kBytes].slice(); }
  async text() { return decodeUTF8(this[kBytes], false, false); }
  get [Symbol.toStringTag]() { return 'Blob'; }
  [inspect.custom](depth, options) { return `Blob ${inspect({ size: this.size, type: this.type }, options)}`; }
}

class File extends Blob {
  #name;
  #lastModified;
  constructor(sources, name, options = {}) {
    if (arguments.length < 2) throw new ERR_MISSING_ARGS('sources', 'fileName');
    super(sources, options);
    this.#name = `${name}`.toWellFormed();
    this.#lastModified = options?.lastModified === undefined ? Date.now() : Number(options.lastModified);
  }
  get name() { return this.#name; }
  get lastModified() { return this.#lastModified; }
  get [Symbol.toStringTag]() { return 'File'; }
}

function isBlob(value) {
  return typeof value === 'object' && value !== null && value[kBytes] !== undefined;
}

for (const name of ['size', 'type', 'slice', 'arrayBuffer', 'text']) Object.defineProperty(Blob.prototype, name, kEnumerableProperty);

module.exports = { Blob, File, isBlob, resolveObjectURL: () => undefined, kBytes };
