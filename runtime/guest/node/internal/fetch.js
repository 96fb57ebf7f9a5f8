// fetch, Headers, Request and Response (https://fetch.spec.whatwg.org) over the host's operations. A body is there as a whole
// when its promise is kept. What may be reached, and how much, is the host's to say.
'use strict';
const { operate, abandon, base64Encode, base64Decode, utf8Encode, utf8Decode } = native;
const { URL } = require('internal/url');
const { isArray, from } = Array;
const { parse, stringify } = JSON;
const { iterator, asyncIterator, toStringTag } = Symbol;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NORMALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];
const NULL_BODY = [101, 103, 204, 205, 304];
const REDIRECTS = [301, 302, 303, 307, 308];
const hidden = Symbol('hookd.inside');

const isObject = (value) => typeof value === 'object' && value !== null;
const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
const define = (target, members) => {
  for (const name of Object.keys(members)) Object.defineProperty(target, name, { __proto__: null, value: members[name], enumerable: true, configurable: true, writable: true });
};
const tag = (kind, name) => Object.defineProperty(kind.prototype, toStringTag, { __proto__: null, value: name, configurable: true });

// Headers

const nameOf = (name) => {
  const text = `${name}`;
  if (!TOKEN.test(text)) throw new TypeError(`Headers.append: "${text}" is an invalid header name.`);
  return text.toLowerCase();
};
const valueOf = (value) => {
  const text = `${value}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (!VALUE.test(text)) throw new TypeError(`Headers.append: "${text}" is an invalid header value.`);
  return text;
};

class Headers {
  constructor(init) {
    Object.defineProperty(this, hidden, { __proto__: null, value: new Map() });
    if (init === undefined) return;
    if (!isObject(init)) throw new TypeError("Headers constructor: init given is not one of the expected types.");
    if (init instanceof Headers) {
      for (const [name, values] of init[hidden]) this[hidden].set(name, from(values));
    } else if (typeof init[iterator] === 'function') {
      for (const pair of init) {
        const [name, value, ...rest] = pair;
        if (value === undefined || rest.length) throw new TypeError('Headers constructor: expected name/value pair to be length 2.');
        this.append(name, value);
      }
    } else {
      for (const name of Reflect.ownKeys(init)) this.append(name, init[name]);
    }
  }
  append(name, value) {
    const key = nameOf(name);
    const text = valueOf(value);
    const values = this[hidden].get(key);
    if (values) values.push(text);
    else this[hidden].set(key, [text]);
  }
  set(name, value) { this[hidden].set(nameOf(name), [valueOf(value)]); }
  get(name) { return this[hidden].get(nameOf(name))?.join(', ') ?? null; }
  has(name) { return this[hidden].has(nameOf(name)); }
  delete(name) { this[hidden].delete(nameOf(name)); }
  getSetCookie() { return from(this[hidden].get('set-cookie') ?? []); }
  *entries() {
    for (const name of from(this[hidden].keys()).sort()) {
      if (name === 'set-cookie') for (const value of this[hidden].get(name)) yield [name, value];
      else yield [name, this[hidden].get(name).join(', ')];
    }
  }
  *keys() { for (const [name] of this.entries()) yield name; }
  *values() { for (const [, value] of this.entries()) yield value; }
  forEach(callback, self) { for (const [name, value] of this.entries()) callback.call(self, value, name, this); }
  [iterator]() { return this.entries(); }
}
tag(Headers, 'Headers');

// Bodies. `bytes` is a Uint8Array, or null where there is none.

const bytesOf = (value) => value instanceof ArrayBuffer ? new Uint8Array(value.slice(0)) : new Uint8Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));

const extract = (body) => {
  if (body === null || body === undefined) return { bytes: null, type: null };
  if (isBytes(body)) return { bytes: bytesOf(body), type: null };
  if (isObject(body)) {
    const name = body[toStringTag];
    if (name === 'URLSearchParams') return { bytes: new Uint8Array(utf8Encode(`${body}`)), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
    if (name === 'FormData') return multipart(body);
    if (name === 'ReadableStream' || name === 'Blob' || name === 'File') throw new TypeError(`A ${name} can not be a body here: give text or bytes.`);
  }
  return { bytes: new Uint8Array(utf8Encode(`${body}`)), type: 'text/plain;charset=UTF-8' };
};

const multipart = (form) => {
  const boundary = `----hookd${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
  const quoted = (text) => text.replace(/\r\n|\r|\n/g, '%0D%0A').replace(/"/g, '%22');
  let text = '';
  for (const [name, value] of form) {
    if (typeof value !== 'string') throw new TypeError('A file can not be part of a form here: give text.');
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value.replace(/\r\n|\r|\n/g, '\r\n')}\r\n`;
  }
  return { bytes: new Uint8Array(utf8Encode(`${text}--${boundary}--\r\n`)), type: `multipart/form-data; boundary=${boundary}` };
};

class Body {
  get bodyUsed() { return this[hidden].used; }
  // As much of a ReadableStream as readers of one need.
  get body() {
    const inside = this[hidden];
    if (inside.bytes === null) return null;
    if (inside.stream) return inside.stream;
    let left = true;
    const read = async () => {
      if (!left) return { value: undefined, done: true };
      left = false;
      inside.used = true;
      return inside.bytes.length ? { value: inside.bytes, done: false } : { value: undefined, done: true };
    };
    const cancel = async () => { left = false; };
    const stream = {
      locked: false,
      cancel,
      getReader() {
        if (stream.locked) throw new TypeError('ReadableStream is locked');
        stream.locked = true;
        return { read, cancel, releaseLock() { stream.locked = false; }, closed: Promise.resolve() };
      },
      [asyncIterator]() { return { next: read, return: async () => ({ value: undefined, done: true }), [asyncIterator]() { return this; } }; },
    };
    inside.stream = stream;
    return stream;
  }
  async bytes() {
    const inside = this[hidden];
    if (inside.used && inside.bytes !== null) throw new TypeError('Body is unusable: Body has already been read');
    inside.used = inside.bytes !== null;
    return inside.bytes ?? new Uint8Array(0);
  }
  async arrayBuffer() { return (await this.bytes()).slice().buffer; }
  async text() {
    const bytes = await this.bytes();
    const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return utf8Decode(mark ? bytes.slice(3) : bytes);
  }
  async json() { return parse(await this.text()); }
}

const copy = (body) => {
  if (body.bodyUsed) throw new TypeError('Response.clone: Body has already been consumed.');
  return { bytes: body[hidden].bytes === null ? null : body[hidden].bytes.slice(), used: false };
};

const inside = (target, values) => Object.defineProperty(target, hidden, { __proto__: null, value: values });

// Request

const urlOf = (input) => {
  const text = `${input}`;
  let url;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new TypeError(`Failed to parse URL from ${text}`, { cause });
  }
  if (url.username || url.password) throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${text}`);
  return url.href;
};

class Request extends Body {
  constructor(input, init = {}) {
    super();
    if (input === undefined) throw new TypeError("Request constructor: 1 argument required, but only 0 present.");
    const given = input instanceof Request ? input : null;
    const options = init ?? {};
    let method = `${options.method ?? given?.method ?? 'GET'}`;
    if (!TOKEN.test(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
    if (NORMALIZED.includes(method.toUpperCase())) method = method.toUpperCase();
    if (['CONNECT', 'TRACE', 'TRACK'].includes(method.toUpperCase())) throw new TypeError(`'${method}' HTTP method is unsupported.`);
    const headers = new Headers(options.headers ?? given?.headers);
    const redirect = `${options.redirect ?? given?.redirect ?? 'follow'}`;
    if (!['follow', 'manual', 'error'].includes(redirect)) throw new TypeError(`Request constructor: ${redirect} is not an accepted type.`);
    let body = { bytes: null, type: null };
    if (options.body !== undefined && options.body !== null) body = extract(options.body);
    else if (given !== null && options.body === undefined) {
      body = { bytes: copy(given).bytes, type: null };
      given[hidden].used = body.bytes !== null;
    }
    if (body.bytes !== null && (method === 'GET' || method === 'HEAD')) throw new TypeError('Request with GET/HEAD method cannot have body.');
    if (body.type !== null && !headers.has('content-type')) headers.append('content-type', body.type);
    const signal = options.signal === undefined ? given?.signal : options.signal;
    if (isObject(signal) && typeof signal.addEventListener !== 'function') throw new TypeError("Request constructor: Expected signal to be an instance of AbortSignal.");
    inside(this, { bytes: body.bytes, used: false });
    define(this, { method, url: given ? given.url : urlOf(input), headers, redirect, signal: signal ?? null });
    define(this, { credentials: 'same-origin', cache: 'default', mode: 'cors', referrer: 'about:client', integrity: '', keepalive: false, duplex: 'half', destination: '' });
  }
  clone() {
    const { method, headers, redirect, signal } = this;
    return new Request(this.url, { method, headers, redirect, signal, body: copy(this).bytes });
  }
}
tag(Request, 'Request');

// Response

class Response extends Body {
  constructor(body = null, init = {}) {
    super();
    const options = init ?? {};
    const status = options.status === undefined ? 200 : options.status | 0;
    if (status < 200 || status > 599) throw new RangeError('Response constructor: init["status"] must be in the range of 200 to 599, inclusive.');
    const headers = new Headers(options.headers);
    const { bytes, type } = extract(body);
    if (bytes !== null && NULL_BODY.includes(status)) throw new TypeError(`Response constructor: Invalid response status code ${status}`);
    if (type !== null && !headers.has('content-type')) headers.append('content-type', type);
    inside(this, { bytes, used: false });
    fill(this, { status, statusText: `${options.statusText ?? ''}`, headers, url: '', redirected: false, type: 'default' });
  }
  clone() {
    const copied = Object.create(Response.prototype);
    inside(copied, copy(this));
    const { status, statusText, headers, url, redirected, type } = this;
    return fill(copied, { status, statusText, headers: new Headers(headers), url, redirected, type });
  }
  static json(data, init = {}) {
    const text = stringify(data);
    if (text === undefined) throw new TypeError('Value is not JSON serializable');
    const response = new Response(text, init);
    if (!new Headers(init?.headers).has('content-type')) response.headers.set('content-type', 'application/json');
    return response;
  }
  static redirect(url, status = 302) {
    if (!REDIRECTS.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    return new Response(null, { status, headers: { location: urlOf(url) } });
  }
  static error() {
    const response = inside(Object.create(Response.prototype), { bytes: null, used: false });
    return fill(response, { status: 0, statusText: '', headers: new Headers(), url: '', redirected: false, type: 'error' });
  }
}
tag(Response, 'Response');

const fill = (response, values) => {
  define(response, { ...values, ok: values.status >= 200 && values.status < 300 });
  return response;
};

const received = (result, method) => {
  const response = Object.create(Response.prototype);
  const none = method === 'HEAD' || NULL_BODY.includes(result.status);
  inside(response, { bytes: none ? null : new Uint8Array(base64Decode(result.body)), used: false });
  const headers = new Headers();
  for (const [name, value] of result.headers) if (TOKEN.test(name) && VALUE.test(value)) headers.append(name, value);
  return fill(response, { status: result.status, statusText: result.reason, headers, url: result.url, redirected: result.redirected, type: 'basic' });
};

// fetch

const aborted = (signal) => {
  if (signal.reason !== undefined) return signal.reason;
  const error = new Error('This operation was aborted');
  error.name = 'AbortError';
  error.code = 20;
  return error;
};

async function fetch(input, init = undefined) {
  const request = new Request(input, init);
  const { method, url, redirect, signal } = request;
  if (signal?.aborted) throw aborted(signal);
  if (!request.headers.has('user-agent')) request.headers.set('user-agent', 'hookd');
  const { bytes } = request[hidden];
  const detail = { __proto__: null, method, url, headers: from(request.headers), body: bytes === null ? undefined : base64Encode(bytes), redirect };
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(url)) throw new TypeError('fetch failed', { cause: new Error(`unknown scheme, or no plain URL: ${url}`) });
  let id = 0;
  let stop;
  const stopped = signal && new Promise((resolve, reject) => {
    stop = () => {
      abandon(id);
      reject(aborted(signal));
    };
    signal.addEventListener('abort', stop);
  });
  const answered = operate('fetch', detail, (begun) => { id = begun; });
  try {
    return received(await (stopped ? Promise.race([answered, stopped]) : answered), method);
  } catch (cause) {
    if (signal?.aborted || cause instanceof RangeError) throw cause;
    throw new TypeError('fetch failed', { cause });
  } finally {
    if (stopped) signal.removeEventListener('abort', stop);
  }
}

module.exports = { fetch, Headers, Request, Response };
