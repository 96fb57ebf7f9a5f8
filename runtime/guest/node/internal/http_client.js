// ClientRequest and IncomingMessage (https://nodejs.org/docs/latest-v20.x/api/http.html) over operations.
'use strict';
const EventEmitter = require('events');
const { Readable, Writable } = require('stream');
const { Buffer } = require('buffer');
const { URL, urlToHttpOptions } = require('internal/url');
const process = require('process');
const { operate, abandon, base64Encode, base64Decode } = native;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const STATUS_CODES = {
  100: 'Continue', 101: 'Switching Protocols', 102: 'Processing', 103: 'Early Hints', 200: 'OK', 201: 'Created', 202: 'Accepted', 203: 'Non-Authoritative Information',
  204: 'No Content', 205: 'Reset Content', 206: 'Partial Content', 207: 'Multi-Status', 208: 'Already Reported', 226: 'IM Used', 300: 'Multiple Choices', 301: 'Moved Permanently',
  302: 'Found', 303: 'See Other', 304: 'Not Modified', 305: 'Use Proxy', 307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized',
  402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout',
  409: 'Conflict', 410: 'Gone', 411: 'Length Required', 412: 'Precondition Failed', 413: 'Payload Too Large', 414: 'URI Too Long', 415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable', 417: 'Expectation Failed', 418: "I'm a Teapot", 421: 'Misdirected Request', 422: 'Unprocessable Entity', 423: 'Locked', 424: 'Failed Dependency',
  425: 'Too Early', 426: 'Upgrade Required', 428: 'Precondition Required', 429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout', 505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates', 507: 'Insufficient Storage', 508: 'Loop Detected', 509: 'Bandwidth Limit Exceeded', 510: 'Not Extended', 511: 'Network Authentication Required',
};
const METHODS = ['ACL', 'BIND', 'CHECKOUT', 'COPY', 'DELETE', 'GET', 'HEAD', 'LINK', 'LOCK', 'M-SEARCH', 'MERGE', 'MKACTIVITY', 'MKCALENDAR', 'MKCOL', 'MOVE', 'NOTIFY', 'OPTIONS', 'PATCH', 'POST', 'PROPFIND', 'PROPPATCH', 'PURGE', 'PUT', 'REBIND', 'REPORT', 'SEARCH', 'SOURCE', 'SUBSCRIBE', 'UNBIND', 'UNLINK', 'UNLOCK', 'UNSUBSCRIBE'];
// Of these, a second one in a response is dropped, as Node does.
const ONCE = ['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent'];

const failure = (Kind, code, message) => {
  const error = new Kind(message);
  error.code = code;
  return error;
};

function validateHeaderName(name, label = 'Header name') {
  if (typeof name !== 'string' || !TOKEN.test(name)) throw failure(TypeError, 'ERR_INVALID_HTTP_TOKEN', `${label} must be a valid HTTP token ["${name}"]`);
}
function validateHeaderValue(name, value) {
  if (value === undefined) throw failure(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`);
  if (!VALUE.test(`${value}`)) throw failure(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`);
}

// Stands where a socket is: what is set on it has no effect, for the host keeps the connections.
class Socket extends EventEmitter {
  constructor(request, encrypted) {
    super();
    this.connecting = false;
    this.destroyed = false;
    this.readable = this.writable = true;
    this.encrypted = this.authorized = encrypted;
    this.remoteAddress = undefined;
    this.destroy = (error) => { this.destroyed = true; request.destroy(error); return this; };
    this.end = () => this;
  }
  setTimeout(ms, callback) { if (callback) this.once('timeout', callback); return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  ref() { return this; }
  unref() { return this; }
  address() { return {}; }
}

class IncomingMessage extends Readable {
  constructor(socket) {
    super({ autoDestroy: true });
    this.socket = this.connection = socket;
    this.httpVersion = '1.1';
    this.httpVersionMajor = this.httpVersionMinor = 1;
    this.headers = {};
    this.headersDistinct = {};
    this.rawHeaders = [];
    this.trailers = {};
    this.rawTrailers = [];
    this.complete = this.aborted = false;
    this.url = '';
    this.method = this.statusCode = this.statusMessage = null;
  }
  setTimeout(ms, callback) { if (callback) this.once('timeout', callback); return this; }
  _read() {}
}

function addHeader(message, name, value) {
  const key = name.toLowerCase();
  const { headers, headersDistinct } = message;
  message.rawHeaders.push(name, value);
  (headersDistinct[key] ??= []).push(value);
  if (key === 'set-cookie') (headers[key] ??= []).push(value);
  else if (headers[key] === undefined) headers[key] = value;
  else if (!ONCE.includes(key)) headers[key] += (key === 'cookie' ? '; ' : ', ') + value;
}

class OutgoingMessage extends Writable {
  #headers = new Map();
  constructor(options) {
    super(options);
    this.headersSent = this.finished = false;
    this.sendDate = false;
  }
  #open(what) { if (this.headersSent) throw failure(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${what} headers after they are sent to the client`); }
  setHeader(name, value) {
    this.#open('set');
    validateHeaderName(name);
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one);
    this.#headers.set(name.toLowerCase(), [name, value]);
    return this;
  }
  setHeaders(headers) {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }
  appendHeader(name, value) {
    const before = this.getHeader(name);
    return this.setHeader(name, before === undefined ? value : [].concat(before, value));
  }
  getHeader(name) { return this.#headers.get(`${name}`.toLowerCase())?.[1]; }
  getHeaders() {
    const all = { __proto__: null };
    for (const [key, [, value]] of this.#headers) all[key] = value;
    return all;
  }
  getHeaderNames() { return [...this.#headers.keys()]; }
  getRawHeaderNames() { return [...this.#headers.values()].map(([name]) => name); }
  hasHeader(name) { return this.#headers.has(`${name}`.toLowerCase()); }
  removeHeader(name) {
    this.#open('remove');
    this.#headers.delete(`${name}`.toLowerCase());
  }
  flushHeaders() {}
  get _headers() { return this.getHeaders(); }
}

class Agent extends EventEmitter {
  static defaultMaxSockets = Infinity;
  constructor(options = {}) {
    super();
    this.options = { path: null, noDelay: true, ...options };
    this.requests = {};
    this.sockets = {};
    this.freeSockets = {};
    this.keepAlive = Boolean(options.keepAlive);
    this.keepAliveMsecs = options.keepAliveMsecs || 1000;
    this.maxSockets = options.maxSockets || Agent.defaultMaxSockets;
    this.maxFreeSockets = options.maxFreeSockets || 256;
    this.maxTotalSockets = options.maxTotalSockets || Infinity;
    this.defaultPort = 80;
    this.protocol = 'http:';
  }
  getName(options = {}) { return `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`; }
  destroy() {}
}

class Server extends EventEmitter {
  constructor() {
    super();
    throw failure(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'A hook can not listen: it has no sockets.');
  }
}

function joined(chunks) {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

// What a request is for, out of Node's three ways to say it.
function optionsOf(input, given) {
  if (typeof input === 'string') return { ...urlToHttpOptions(new URL(input)), ...given };
  if (input instanceof URL || (input && input[Symbol.toStringTag] === 'URL')) return { ...urlToHttpOptions(input), ...given };
  return { ...input, ...given };
}

function urlOf(options, protocol, defaultPort) {
  const host = `${options.hostname || options.host || 'localhost'}`;
  const port = options.port || options.defaultPort || defaultPort;
  const shown = host.includes(':') && host[0] !== '[' ? `[${host}]` : host;
  let origin;
  try {
    ({ origin } = new URL(`${protocol}//${shown}:${port}/`));
  } catch {
    throw failure(Error, 'ENOTFOUND', `getaddrinfo ENOTFOUND ${host}`);
  }
  const path = `${options.path || '/'}`;
  if (/[^\u0021-\u00ff]/.test(path)) throw failure(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
  const safe = path.replace(/[^\x21-\x7e]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${origin}${safe[0] === '/' || safe[0] === '?' ? safe : `/${safe}`}`;
}

function client(own, ownPort) {
  class OwnAgent extends Agent {
    constructor(options) {
      super(options);
      this.protocol = own;
      this.defaultPort = ownPort;
    }
  }
  Object.defineProperty(OwnAgent, 'name', { value: 'Agent' });
  const globalAgent = new OwnAgent();

  class ClientRequest extends OutgoingMessage {
    #chunks = [];
    #id = 0;
    #timer;
    #url;
    #over = false;
    constructor(input, given, callback) {
      super({ autoDestroy: false, decodeStrings: true });
      if (typeof given === 'function') [given, callback] = [{}, given];
      const options = optionsOf(input, given);
      const agent = options.agent || (options.agent === false ? new OwnAgent() : globalAgent);
      const protocol = options.protocol || (own === 'http:' && agent.protocol) || own;
      if (protocol !== own && protocol !== agent.protocol) throw failure(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${own}"`);
      const method = options.method === undefined || options.method === null ? 'GET' : `${options.method}`;
      if (!TOKEN.test(method)) throw failure(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${method}"]`);
      this.#url = urlOf(options, protocol, agent.defaultPort || ownPort);
      this.method = method.toUpperCase();
      this.protocol = protocol;
      this.host = `${options.hostname || options.host || 'localhost'}`;
      this.path = options.path || '/';
      this.agent = agent;
      this.res = null;
      this.aborted = this.reusedSocket = false;
      this.maxHeadersCount = null;
      this.timeout = options.timeout;
      if (Array.isArray(options.headers)) for (let i = 0; i + 1 < options.headers.length; i += 2) this.appendHeader(...(Array.isArray(options.headers[i]) ? options.headers[i] : [options.headers[i], options.headers[i + 1]]));
      else for (const name of Object.keys(options.headers || {})) this.setHeader(name, options.headers[name]);
      if (options.auth && !this.hasHeader('authorization')) this.setHeader('Authorization', `Basic ${Buffer.from(`${options.auth}`).toString('base64')}`);
      if (!this.hasHeader('host') && options.setHost !== false) this.setHeader('Host', new URL(this.#url).host);
      if (callback) this.once('response', callback);
      if (options.timeout) this.setTimeout(options.timeout);
      this.socket = this.connection = new Socket(this, protocol === 'https:');
      process.nextTick(() => { if (!this.destroyed) this.emit('socket', this.socket); });
      if (options.signal) this.#follow(options.signal);
    }
    #follow(signal) {
      const stop = () => this.destroy(Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' }));
      if (signal.aborted) process.nextTick(stop);
      else signal.addEventListener('abort', stop, { once: true });
    }
    _write(chunk, encoding, done) {
      this.#chunks.push(Buffer.from(chunk));
      done();
    }
    _final(done) {
      this.headersSent = this.finished = true;
      this.#send();
      done();
    }
    #send() {
      const headers = [];
      for (const name of this.getRawHeaderNames()) {
        const value = this.getHeader(name);
        for (const one of Array.isArray(value) ? value : [value]) headers.push([name, `${one}`.trim()]);
      }
      const body = this.#chunks.length ? base64Encode(joined(this.#chunks)) : undefined;
      const detail = { __proto__: null, method: this.method, url: this.#url, headers, body, redirect: 'manual' };
      operate('fetch', detail, (id) => { this.#id = id; }).then((result) => this.#received(result), (error) => this.#failed(error));
    }
    #received(result) {
      this.#rest();
      if (this.destroyed) return;
      const message = this.res = new IncomingMessage(this.socket);
      message.req = this;
      message.statusCode = result.status;
      message.statusMessage = result.reason;
      for (const [name, value] of result.headers) addHeader(message, name, value);
      if (!this.emit('response', message)) message.resume();
      const body = Buffer.from(base64Decode(result.body));
      if (body.length) message.push(body);
      message.complete = true;
      message.push(null);
      const close = () => { this.destroyed || super.destroy(); };
      message.once('end', close);
      message.once('close', close);
    }
    #failed(error) {
      this.#rest();
      if (this.destroyed) return;
      if (!(error instanceof RangeError)) error.syscall = error.code === 'ENOTFOUND' ? 'getaddrinfo' : 'connect';
      if (error.code === 'ENOTFOUND') error.hostname = this.host;
      super.destroy(error);
    }
    #rest() {
      this.#over = true;
      clearTimeout(this.#timer);
    }
    setTimeout(ms, callback) {
      if (callback) this.once('timeout', callback);
      clearTimeout(this.#timer);
      this.timeout = ms;
      if (ms > 0 && !this.#over) this.#timer = setTimeout(() => { this.emit('timeout'); this.socket.emit('timeout'); }, ms);
      return this;
    }
    setNoDelay() {}
    setSocketKeepAlive() {}
    onSocket() {}
    abort() {
      if (this.aborted) return;
      this.aborted = true;
      process.nextTick(() => this.emit('abort'));
      this.destroy();
    }
    destroy(error) {
      if (this.destroyed) return this;
      if (this.#id) abandon(this.#id);
      const early = !this.res && !error;
      if (this.res && !this.res.complete) this.res.aborted = true;
      this.#rest();
      return super.destroy(early ? failure(Error, 'ECONNRESET', 'socket hang up') : error);
    }
  }

  const request = (input, given, callback) => new ClientRequest(input, given, callback);
  return {
    Agent: OwnAgent,
    ClientRequest,
    IncomingMessage,
    METHODS,
    OutgoingMessage,
    STATUS_CODES,
    Server,
    ServerResponse: class ServerResponse extends OutgoingMessage {},
    createServer: () => new Server(),
    get(input, given, callback) {
      const made = request(input, given, callback);
      made.end();
      return made;
    },
    globalAgent,
    request,
    validateHeaderName,
    validateHeaderValue,
  };
}

module.exports = { client };
