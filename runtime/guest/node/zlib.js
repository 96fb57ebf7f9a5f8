// `zlib` on fflate: deflate in its three wrappings, at once, by callback and as streams. No Brotli.
'use strict';
const fflate = require('npm/fflate');
const { Buffer } = require('buffer');
const { Transform } = require('stream');
const { inherits } = require('util');
const { isAnyArrayBuffer } = require('internal/util/types');
const { zlib: constants } = require('internal/constants-of-node');
const { codes: { ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_BUFFER_TOO_LARGE } } = require('internal/errors');
const { validateFunction, validateNumber } = require('internal/validators');

function bytesOf(data) {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (isAnyArrayBuffer(data)) return new Uint8Array(data);
  throw new ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], data);
}

const asBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// fflate's numbers of what is wrong, as zlib words it.
function failed(error) {
  const ended = error.code === 0;
  const made = new Error(ended ? 'unexpected end of file' : error.code === 6 ? 'incorrect header check' : error.code < 0 ? 'incorrect data check' : 'invalid stored block lengths');
  return Object.assign(made, ended ? { errno: -5, code: 'Z_BUF_ERROR' } : { errno: -3, code: 'Z_DATA_ERROR' });
}

function optionsOf(options = {}) {
  const { level = -1, memLevel = 8, maxOutputLength = Infinity } = options ?? {};
  validateNumber(level, 'options.level');
  if (level < -1 || level > 9) throw new ERR_OUT_OF_RANGE('options.level', '>= -1 and <= 9', level);
  return { level: level === -1 ? 6 : level, mem: memLevel, maxOutputLength };
}

function isZlib(bytes) {
  return (bytes[0] & 15) === 8 && (bytes[0] << 8 | bytes[1]) % 31 === 0;
}

function unzip(bytes) {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes) : unzlib(bytes);
}

// As Node has it: no time, and the system's number is Unix's.
function gzip(bytes, options) {
  const made = fflate.gzipSync(bytes, { ...options, mtime: 0 });
  made[9] = 3;
  return made;
}

// fflate leaves the sums at the end unread.
function checked(made, wanted, found) {
  if (wanted !== found) throw { code: made.length === 0 ? 0 : -1 };
  return made;
}

function gunzip(bytes) {
  if (bytes.length > 1 && (bytes[0] !== 0x1f || bytes[1] !== 0x8b)) throw { code: 6 };
  if (bytes.length < 18) throw { code: 0 };
  const made = fflate.gunzipSync(bytes);
  return checked(made, new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8).getUint32(0, true), exports.crc32(made));
}

function adler32(bytes) {
  let low = 1, high = 0;
  for (let i = 0; i < bytes.length;) {
    for (const end = Math.min(i + 3800, bytes.length); i < end; i++) high += low += bytes[i];
    low %= 65521;
    high %= 65521;
  }
  return (high << 16 | low) >>> 0;
}

function unzlib(bytes) {
  if (bytes.length > 1 && !isZlib(bytes)) throw { code: 6 };
  if (bytes.length < 8) throw { code: 0 };
  const made = fflate.unzlibSync(bytes);
  return checked(made, new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0), adler32(made));
}

const METHODS = {
  Deflate: [fflate.zlibSync, fflate.Zlib],
  Gzip: [gzip, fflate.Gzip],
  DeflateRaw: [fflate.deflateSync, fflate.Deflate],
  Inflate: [unzlib, fflate.Unzlib],
  Gunzip: [gunzip, fflate.Gunzip],
  InflateRaw: [(bytes) => fflate.inflateSync(bytes), fflate.Inflate],
  Unzip: [unzip, fflate.Decompress],
};

function once(method, data, options) {
  const { maxOutputLength, ...wanted } = optionsOf(options);
  const bytes = bytesOf(data);
  let made;
  try {
    made = method(bytes, wanted);
  } catch (error) {
    throw error instanceof RangeError || error.code === undefined ? error : failed(error);
  }
  if (made.length > maxOutputLength) throw new ERR_BUFFER_TOO_LARGE(maxOutputLength);
  return asBuffer(made);
}

// A stream's class, which is called with or without `new`, as Node's.
function streamOf(name, Engine) {
  const packs = name === 'Gzip' || name.startsWith('Deflate');
  function Stream(options) {
    if (!(this instanceof Stream)) return new Stream(options);
    const { maxOutputLength, ...wanted } = optionsOf(options);
    Transform.call(this, { autoDestroy: true, ...options });
    this.bytesWritten = 0;
    this._engine = packs ? new Engine({ ...wanted, mtime: 0 }) : new Engine();
    this._engine.ondata = (chunk) => { if (chunk.length > 0) this.push(asBuffer(chunk)); };
  }
  inherits(Stream, Transform);
  function give(stream, chunk, final, callback) {
    try {
      stream._engine.push(chunk, final);
      callback();
    } catch (error) {
      callback(error.code === undefined ? error : failed(error));
    }
  }
  Stream.prototype._transform = function (chunk, encoding, callback) {
    this.bytesWritten += chunk.length;
    give(this, new Uint8Array(chunk), false, callback);
  };
  Stream.prototype._flush = function (callback) { give(this, new Uint8Array(0), true, callback); };
  Stream.prototype.close = function (callback) {
    if (callback) this.once('close', callback);
    this.destroy();
  };
  Stream.prototype.flush = function (kind, callback = kind) { if (typeof callback === 'function') process.nextTick(callback); };
  Stream.prototype.reset = function () {};
  Stream.prototype.params = function (level, strategy, callback) { process.nextTick(callback); };
  Object.defineProperty(Stream, 'name', { value: name });
  return Stream;
}

const process = require('process');
for (const name of Object.keys(METHODS)) {
  const [method, Engine] = METHODS[name];
  const plain = name[0].toLowerCase() + name.slice(1);
  const Stream = exports[name] = streamOf(name, Engine);
  exports[`create${name}`] = { [`create${name}`]: (options) => new Stream(options) }[`create${name}`];
  exports[`${plain}Sync`] = { [`${plain}Sync`]: (buffer, options) => once(method, buffer, options) }[`${plain}Sync`];
  exports[plain] = {
    [plain](buffer, options, callback) {
      if (typeof options === 'function') [options, callback] = [{}, options];
      validateFunction(callback, 'callback');
      let made, failure = null;
      try {
        made = once(method, buffer, options);
      } catch (error) {
        if (error.code === 'ERR_INVALID_ARG_TYPE' || error.code === 'ERR_OUT_OF_RANGE') throw error;
        failure = error;
      }
      process.nextTick(callback, failure, made);
    },
  }[plain];
}

const table = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? n >>> 1 ^ 0xedb88320 : n >>> 1;
  return n;
});

exports.crc32 = function crc32(data, value = 0) {
  let crc = ~value;
  for (const byte of bytesOf(data)) crc = crc >>> 8 ^ table[(crc ^ byte) & 255];
  return ~crc >>> 0;
};

const codes = {
  Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5,
  Z_VERSION_ERROR: -6,
};
for (const name of Object.keys(codes)) codes[codes[name]] = name;
exports.codes = Object.freeze(codes);
exports.constants = Object.freeze({ __proto__: null, ...constants });
for (const name of Object.keys(constants)) {
  if (name.startsWith('Z_')) Object.defineProperty(exports, name, { value: constants[name], enumerable: false });
}
