// What a hook finds as a global, beside the engine's and the prelude's.
'use strict';
const buffer = require('buffer');
const { URL, URLSearchParams } = require('internal/url');
const { TextEncoder, TextDecoder } = require('internal/encoding');
const { EventTarget, Event } = require('internal/event_target');
const { AbortController, AbortSignal } = require('internal/abort_controller');
const { fetch, Headers, Request, Response } = require('internal/fetch');
const { structuredClone } = require('internal/structured-clone');
require('internal/call-sites');

module.exports = {
  AbortController, AbortSignal, Blob: buffer.Blob, Buffer: buffer.Buffer, Event, EventTarget, File: buffer.File, Headers, Request, Response,
  TextDecoder, TextEncoder, URL, URLSearchParams, atob: buffer.atob, btoa: buffer.btoa, fetch, process: require('process'), structuredClone,
};

const { crypto, Crypto, CryptoKey, SubtleCrypto } = require('internal/crypto/webcrypto');
Object.assign(module.exports, { crypto, Crypto, CryptoKey, SubtleCrypto });
