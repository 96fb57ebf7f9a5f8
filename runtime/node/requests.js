// http.request, https.request and what stands on them (axios, request, node-fetch), as operations: a process in jail has no
// sockets. An expression of a function(operate, abandon); what it makes stands in place of Node's own.
((operate, abandon) => {
  'use strict';
  const http = require('http');
  const https = require('https');
  const { Readable, Writable } = require('stream');
  const { EventEmitter } = require('events');
  const { urlToHttpOptions } = require('url');
  // The host's own to say.
  const OURS = ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'expect'];
  const socketOf = (encrypted) => Object.assign(new EventEmitter(), {
    encrypted, authorized: encrypted, remoteAddress: undefined, writable: true, destroyed: false, connecting: false,
    setTimeout() { return this; }, setNoDelay() { return this; }, setKeepAlive() { return this; }, ref() { return this; }, unref() { return this; }, destroy() { return this; },
  });

  class Incoming extends Readable {
    constructor(request, result) {
      super({ read() {} });
      const { status, reason, headers, body } = result;
      Object.assign(this, { statusCode: status, statusMessage: reason, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1, url: '', method: null });
      Object.assign(this, { headers: {}, rawHeaders: [], trailers: {}, rawTrailers: [], complete: true, aborted: false, req: request, socket: request.socket, connection: request.socket });
      for (const [name, value] of headers) this.#add(name, value);
      if (body) this.push(Buffer.from(body, 'base64'));
      this.push(null);
    }

    #add(name, value) {
      const key = name.toLowerCase();
      this.rawHeaders.push(name, value);
      if (key === 'set-cookie') (this.headers[key] ??= []).push(value);
      else this.headers[key] = key in this.headers ? `${this.headers[key]}, ${value}` : value;
    }

    setTimeout() { return this; }
  }

  class Request extends Writable {
    #headers = new Map();
    #chunks = [];
    #id = 0;
    #timer;

    constructor(url, options, callback) {
      super({ autoDestroy: false, emitClose: false });
      Object.assign(this, { url, method: (options.method ?? 'GET').toUpperCase(), protocol: url.protocol, host: url.hostname, path: `${url.pathname}${url.search}` });
      Object.assign(this, { aborted: false, reusedSocket: false, maxHeadersCount: null, finished: false, headersSent: false, socket: socketOf(url.protocol === 'https:') });
      this.connection = this.socket;
      const given = options.headers ?? {};
      const pairs = Array.isArray(given) ? (Array.isArray(given[0]) ? given : given.flatMap((name, i) => (i % 2 ? [] : [[name, given[i + 1]]]))) : Object.entries(given);
      for (const [name, value] of pairs) if (value !== undefined) this.setHeader(name, value);
      const auth = options.auth ?? (url.username ? `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` : undefined);
      if (auth && !this.hasHeader('authorization')) this.setHeader('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`);
      if (callback) this.once('response', callback);
      if (options.timeout) this.setTimeout(options.timeout);
      if (options.signal) this.#obey(options.signal);
      process.nextTick(() => this.emit('socket', this.socket));
    }

    setHeader(name, value) {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, value);
      this.#headers.set(name.toLowerCase(), [name, value]);
      return this;
    }
    getHeader(name) { return this.#headers.get(name.toLowerCase())?.[1]; }
    hasHeader(name) { return this.#headers.has(name.toLowerCase()); }
    removeHeader(name) { this.#headers.delete(name.toLowerCase()); }
    getHeaders() { return Object.fromEntries([...this.#headers].map(([key, [, value]]) => [key, value])); }
    getHeaderNames() { return [...this.#headers.keys()]; }
    getRawHeaderNames() { return [...this.#headers.values()].map(([name]) => name); }
    flushHeaders() {}
    setNoDelay() {}
    setSocketKeepAlive() {}
    onSocket() {}

    setTimeout(ms, callback) {
      clearTimeout(this.#timer);
      if (callback) this.once('timeout', callback);
      if (ms) this.#timer = setTimeout(() => { this.emit('timeout'); this.socket.emit('timeout'); }, ms);
      return this;
    }

    abort() {
      if (this.aborted) return;
      this.aborted = true;
      process.nextTick(() => this.emit('abort'));
      this.destroy();
    }

    #obey(signal) {
      const stop = () => this.destroy(Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }));
      if (signal.aborted) process.nextTick(stop);
      else signal.addEventListener('abort', stop, { once: true });
    }

    _write(chunk, encoding, done) {
      this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
      done();
    }

    _final(done) {
      const body = Buffer.concat(this.#chunks);
      const headers = [];
      for (const [key, [name, value]] of this.#headers) {
        if (!OURS.includes(key)) for (const one of Array.isArray(value) ? value : [value]) headers.push([name, `${one}`.trim()]);
      }
      this.headersSent = this.finished = true;
      const { href } = Object.assign(new URL(this.url), { username: '', password: '', hash: '' });
      const detail = { method: this.method, url: href, headers, redirect: 'manual', body: body.length ? body.toString('base64') : undefined };
      operate('fetch', detail, (id) => { this.#id = id; }).then((result) => this.#answered(result), (error) => this.destroy(error));
      done();
    }

    #answered(result) {
      clearTimeout(this.#timer);
      this.#id = 0;
      this.res = new Incoming(this, this.method === 'HEAD' ? { ...result, body: '' } : result);
      if (!this.emit('response', this.res)) this.res.resume();
      this.res.once('end', () => { this.emit('close'); });
    }

    _destroy(error, done) {
      clearTimeout(this.#timer);
      if (this.#id) abandon(this.#id);
      const hungUp = this.res ? null : Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      this.res?.destroy(error ?? undefined);
      done(error ?? hungUp);
    }
  }

  const urlOf = (scheme, options) => {
    if (options.href && !options.hostname && !options.host) return new URL(options.href);
    const protocol = options.protocol ?? scheme;
    const host = options.hostname ?? `${options.host ?? 'localhost'}`.replace(/:\d+$/, '');
    const port = options.port ?? `${options.host ?? ''}`.match(/:(\d+)$/)?.[1] ?? '';
    const { origin } = new URL(`${protocol}//${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}${port ? `:${port}` : ''}/`);
    const path = `${options.path || '/'}`;
    return new URL(`${origin}${/^[/?]/.test(path) ? path : `/${path}`}`); // a path is no part of the host: "@evil.example/"
  };
  const offer = (module, scheme) => {
    const request = function request(input, options, callback) {
      let given = options;
      let done = callback;
      if (typeof given === 'function') [given, done] = [undefined, given];
      const named = typeof input === 'string' ? urlToHttpOptions(new URL(input)) : input instanceof URL ? urlToHttpOptions(input) : input;
      const all = { ...named, ...given };
      return new Request(urlOf(scheme, all), all, done);
    };
    const get = function get(input, options, callback) {
      const made = request(input, options, callback);
      made.end();
      return made;
    };
    Object.assign(module, { request, get, ClientRequest: Request });
  };
  offer(http, 'http:');
  offer(https, 'https:');
})
