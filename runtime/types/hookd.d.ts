/**
 * Types of hookd's hooks, in both styles, for every extensibility point; for plain JavaScript and for TypeScript.
 *
 * In hook.js, beside this file:
 *
 *     /** @type {import('./hookd').CredentialsExchange} *\/
 *     module.exports = function (client, scope, audience, context, cb) { ... };
 *
 * In hook.ts:
 *
 *     import type { CredentialsExchange } from './hookd';
 *     const hook: CredentialsExchange = async (client, scope, audience, context) => ({ scope });
 *     export default hook;
 *
 * In the style of Actions, in hook.js:
 *
 *     /** @type {import('./hookd').OnExecuteCredentialsExchange} *\/
 *     exports.onExecuteCredentialsExchange = async (event, api) => { ... };
 *
 * To check: npx -p typescript tsc --noEmit --allowJs --checkJs --strict --target es2023 --module commonjs --lib es2023 hook.js
 *
 * Written by `hookd types`, which replaces it: changes belong elsewhere.
 */

/// <reference lib="es2023" />

// ---- What hooks answer, and how ----

/** What a custom claim is called: an http or https URL that is not Auth0's own. Other names are dropped. */
export type ClaimName = `http://${string}` | `https://${string}`;

/** What goes into an access token. */
export interface AccessToken {
  /**
   * The token's scopes, exactly these. At credentials-exchange a token without it has none, so start from the hook's `scope`;
   * at password-exchange the asked ones stay.
   */
  scope?: string[];
  /** A custom claim: any JSON value, nested 64 deep at most. */
  [claim: ClaimName]: unknown;
}

/** What goes into an ID token. */
export interface IdToken {
  /** A custom claim: any JSON value, nested 64 deep at most. */
  [claim: ClaimName]: unknown;
}

/** The same, as JavaScript may put it together: `var token = {}; token['https://...'] = ...; token.scope = ...;` */
export type AccessTokenAnswer = AccessToken | (object & { scope?: string[] });

/** What goes into the tokens of a user. */
export interface Tokens {
  accessToken?: AccessTokenAnswer;
  idToken?: IdToken | (object & { scope?: never });
}

/**
 * Ends the hook; to be called once. `cb(null, answer)` answers, `cb(error)` denies with the error's message. An async
 * function needs none: what it returns is the answer, and what it throws is a failure.
 */
export type Callback<Answer> = (error?: Error | string | null, answer?: Answer) => void;

/** What a hook may return: nothing if it calls `cb`, else its answer. */
export type Returned<Answer> = void | Answer | Promise<void | Answer>;

// ---- What hooks are called with ----

/** The hook's secrets, name to value. */
export interface Secrets {
  readonly [name: string]: string;
}

/** Metadata of a user: any JSON. */
export interface Metadata {
  [name: string]: any;
}

/** What every hook finds in its `context`. */
export interface Context {
  /** The hook's secrets. */
  secrets: Secrets;
  webtask: {
    /** The hook's secrets, where Auth0 has them. */
    secrets: Secrets;
    /** Run by the webtask protocol: also headers, query, body, meta ... */
    [member: string]: any;
  };
}

/** The OAuth client that asks for a token. */
export interface Client {
  id: string;
  name: string;
  tenant?: string;
  /** Values that are set per client. */
  metadata: { [name: string]: string };
}

/** The user for whom a token is asked. */
export interface User {
  id: string;
  tenant?: string;
  displayName?: string;
  email?: string;
  /** What the user may change. */
  user_metadata: Metadata;
  /** What only the application changes: roles, plans. */
  app_metadata: Metadata;
}

/** Where a token request comes from. */
export interface TokenContext extends Context {
  /** The caller's address, as the token server sees it. */
  ip?: string;
  userAgent?: string;
  /** Whatever else the token server sends. */
  [member: string]: any;
}

/** Where a user comes from. */
export interface Connection {
  id?: string;
  name: string;
  tenant?: string;
}

/** Where a sign-up comes from. */
export interface RegistrationContext extends Context {
  connection: Connection;
  requestLanguage?: string;
  renderLanguage?: string;
  [member: string]: any;
}

/** A user who signed up. */
export interface RegisteredUser {
  id: string;
  tenant?: string;
  username?: string;
  email?: string;
  emailVerified?: boolean;
  phoneNumber?: string;
  phoneNumberVerified?: boolean;
  user_metadata?: Metadata;
  app_metadata?: Metadata;
}

/** A user who is about to sign up. */
export interface NewUser extends Omit<RegisteredUser, 'id'> {
  id?: string;
  /** Shown to this hook only. Never print it. */
  password?: string;
}

/** What of a new user's answer is used. Names have no `.` in them, and no `$` at the beginning. */
export interface NewUserAnswer {
  user?: { user_metadata?: Metadata; app_metadata?: Metadata };
}

/** A user with a new password. */
export interface ChangedUser {
  id: string;
  username?: string;
  email?: string;
  /** ISO 8601, UTC. */
  last_password_reset: string;
}

/** Where a password was changed. */
export interface ChangePasswordContext extends Context {
  connection: Connection;
  [member: string]: any;
}

/** Of what message a code is part. */
export interface PhoneMessageContext extends Context {
  factor_type?: string;
  message_type: 'sms' | 'voice';
  action: 'enrollment' | 'second-factor-authentication';
  language: string;
  /** The one-time code; it is in `text` too. */
  code: string;
  ip: string;
  user_agent: string;
  client?: { client_id: string; name: string; client_metadata?: Metadata };
  user: { user_id?: string; name?: string; email?: string; user_metadata?: Metadata; app_metadata?: Metadata };
  [member: string]: any;
}

// ---- Hooks: module.exports = function (...) {} ----

/**
 * credentials-exchange: before a token of the client credentials grant is signed.
 *
 * `scope` are the scopes asked for (`undefined` where the token server sends none), `audience` is the API's identifier.
 */
export type CredentialsExchange = (
  client: Client,
  scope: string[],
  audience: string,
  context: TokenContext,
  cb: Callback<AccessTokenAnswer>,
) => Returned<AccessTokenAnswer>;

/** password-exchange: before the tokens of the password grant are signed. Claims for one token or for both. */
export type PasswordExchange = (
  user: User,
  client: Client,
  scope: string[],
  audience: string,
  context: TokenContext,
  cb: Callback<Tokens | AccessTokenAnswer>,
) => Returned<Tokens | AccessTokenAnswer>;

/** pre-user-registration: before a user is created. May set metadata, and deny with `PreUserRegistrationError`. */
export type PreUserRegistration = (
  user: NewUser,
  context: RegistrationContext,
  cb: Callback<NewUserAnswer>,
) => Returned<NewUserAnswer>;

/** post-user-registration: after a user was created. Nobody waits for it; its answer is only recorded. */
export type PostUserRegistration = (
  user: RegisteredUser,
  context: RegistrationContext,
  cb: Callback<unknown>,
) => Returned<any>;

/** post-change-password: after a password was changed. Nobody waits for it; its answer is only recorded. */
export type PostChangePassword = (
  user: ChangedUser,
  context: ChangePasswordContext,
  cb: Callback<unknown>,
) => Returned<any>;

/** send-phone-message: to send `text` to the number `recipient`. May deny with `SendPhoneMessageError`. */
export type SendPhoneMessage = (
  recipient: string,
  text: string,
  context: PhoneMessageContext,
  cb: Callback<unknown>,
) => Returned<any>;

// ---- Actions: exports.onExecute... = async (event, api) => {} ----

/** What every event has. */
export interface ActionEvent {
  secrets: Secrets;
  request: {
    ip?: string;
    user_agent?: string;
    hostname?: string;
    method: string;
    language?: string;
    query: { [name: string]: any };
    body: { [name: string]: any };
    geoip: { countryCode?: string; countryName?: string; cityName?: string; timeZone?: string; [name: string]: any };
  };
  tenant: { id: string };
  organization?: { id: string; name: string; display_name?: string; metadata?: Metadata };
}

export interface ActionClient {
  client_id: string;
  name: string;
  metadata: { [name: string]: string };
}

export interface ActionUser {
  user_id: string;
  name?: string;
  username?: string;
  email?: string;
  email_verified?: boolean;
  phone_number?: string;
  phone_verified?: boolean;
  user_metadata: Metadata;
  app_metadata: Metadata;
  [member: string]: any;
}

export interface ActionConnection {
  id?: string;
  name?: string;
  strategy?: string;
  metadata: Metadata;
}

/** What both events about a token have. */
export interface TokenEvent extends ActionEvent {
  client: ActionClient;
  /** `scope`: the scopes of the token, as asked for. */
  accessToken: { customClaims: { [name: string]: unknown }; scope: string[] };
  /** The API that the token is for. */
  resource_server: { identifier: string };
  transaction: { requested_scopes: string[]; [member: string]: any };
}

export interface CredentialsExchangeEvent extends TokenEvent {}

export interface PostLoginEvent extends TokenEvent {
  user: ActionUser;
  connection: ActionConnection;
  idToken: { customClaims: { [name: string]: unknown } };
  stats: { logins_count: number; [name: string]: any };
  authentication: { methods: { name: string; timestamp?: string }[]; [member: string]: any };
  authorization: { roles: string[] };
}

export interface PreUserRegistrationEvent extends ActionEvent {
  user: Omit<ActionUser, 'user_id'>;
  connection: ActionConnection;
  client?: ActionClient;
}

export interface PostUserRegistrationEvent extends ActionEvent {
  user: ActionUser;
  connection: ActionConnection;
  client?: ActionClient;
}

export interface PostChangePasswordEvent extends PostUserRegistrationEvent {}

export interface SendPhoneMessageEvent extends ActionEvent {
  user: ActionUser;
  client?: ActionClient;
  message_options: {
    recipient: string;
    text: string;
    message_type: 'sms' | 'voice';
    action: 'enrollment' | 'second-factor-authentication';
    /** The one-time code. */
    code: string;
  };
}

/** Values that outlive a request, as far as they do: at most 20 of 4,096 bytes, 8,192 bytes in all, keys of 64 bytes. */
export interface Cache {
  get(key: string): CacheRecord | undefined;
  /** Keeps a string for 15 minutes, or as the options say: `ttl` milliseconds, or until `expires_at` (milliseconds since 1970). */
  set(
    key: string,
    value: string,
    options?: { ttl?: number; expires_at?: number },
  ): { type: 'success'; record: CacheRecord } | { type: 'error'; code: string };
  delete(key: string): { type: 'success' } | { type: 'error'; code: string };
}

export interface CacheRecord {
  value: string;
  /** Milliseconds since 1970. */
  expires_at: number;
}

/** What every api has. */
export interface ActionApi {
  cache: Cache;
}

export interface AccessTokenApi<Api> {
  /** A claim of the access token. */
  setCustomClaim(name: ClaimName, value: unknown): Api;
  /** One scope more; also one that nobody asked for. */
  addScope(scope: string): Api;
  removeScope(scope: string): Api;
}

export interface ValidationApi<Api> {
  /** Denies because of what somebody sent; `message` is for that person. */
  error(code: string, message: string): Api;
}

export interface CredentialsExchangeApi extends ActionApi {
  access: {
    /** Issues no token. `reason` is the OAuth answer's error_description. */
    deny(code: 'invalid_scope' | 'invalid_request' | 'server_error', reason?: string): CredentialsExchangeApi;
  };
  accessToken: AccessTokenApi<CredentialsExchangeApi>;
}

export interface PostLoginApi extends ActionApi {
  access: {
    /** Issues no token: access_denied. `reason` is the OAuth answer's error_description. */
    deny(reason: string): PostLoginApi;
  };
  accessToken: AccessTokenApi<PostLoginApi>;
  idToken: {
    /** A claim of the ID token. */
    setCustomClaim(name: ClaimName, value: unknown): PostLoginApi;
  };
  validation: ValidationApi<PostLoginApi>;
}

export interface PreUserRegistrationApi extends ActionApi {
  access: {
    /** Creates no user. `reason` is for the log, `userMessage` for who signs up. */
    deny(reason: string, userMessage?: string): PreUserRegistrationApi;
  };
  user: {
    /** Names have no `.` in them, and no `$` at the beginning. */
    setUserMetadata(name: string, value: unknown): PreUserRegistrationApi;
    /** Names have no `.` in them, and no `$` at the beginning. */
    setAppMetadata(name: string, value: unknown): PreUserRegistrationApi;
  };
  validation: ValidationApi<PreUserRegistrationApi>;
}

/** credentials-exchange: before a token of the client credentials grant is signed. */
export type OnExecuteCredentialsExchange = (
  event: CredentialsExchangeEvent,
  api: CredentialsExchangeApi,
) => void | Promise<void>;

/** password-exchange: before the tokens of the password grant are signed. */
export type OnExecutePostLogin = (event: PostLoginEvent, api: PostLoginApi) => void | Promise<void>;

/** pre-user-registration: before a user is created. */
export type OnExecutePreUserRegistration = (
  event: PreUserRegistrationEvent,
  api: PreUserRegistrationApi,
) => void | Promise<void>;

/** post-user-registration: after a user was created. Nobody waits for it. */
export type OnExecutePostUserRegistration = (
  event: PostUserRegistrationEvent,
  api: ActionApi,
) => void | Promise<void>;

/** post-change-password: after a password was changed. Nobody waits for it. */
export type OnExecutePostChangePassword = (event: PostChangePasswordEvent, api: ActionApi) => void | Promise<void>;

/** send-phone-message: to send a code to a telephone. What it throws is a failure. */
export type OnExecuteSendPhoneMessage = (event: SendPhoneMessageEvent, api: ActionApi) => void | Promise<void>;

// ---- What a hook finds beside JavaScript itself ----

declare global {
  /** CommonJS: `module.exports` is the hook, or has an Action. */
  var module: { exports: any };
  var exports: {
    onExecuteCredentialsExchange?: OnExecuteCredentialsExchange;
    onExecutePostLogin?: OnExecutePostLogin;
    onExecutePreUserRegistration?: OnExecutePreUserRegistration;
    onExecutePostUserRegistration?: OnExecutePostUserRegistration;
    onExecutePostChangePassword?: OnExecutePostChangePassword;
    onExecuteSendPhoneMessage?: OnExecuteSendPhoneMessage;
  };
  /** A module of Node's own, one that the hook's dependencies name, or an npm module with its version: `ms@2.1.3`. */
  function require(name: string): any;
  var global: typeof globalThis;

  /** An error whose class says what the denial means. */
  class ExtensibilityUserError extends Error {}
  /** `cb(new InvalidScopeError(text))`: the OAuth error invalid_scope, HTTP 400. */
  class InvalidScopeError extends ExtensibilityUserError {}
  /** `cb(new InvalidRequestError(text))`: the OAuth error invalid_request, HTTP 400. */
  class InvalidRequestError extends ExtensibilityUserError {}
  /** `cb(new ServerError(text))`: the OAuth error server_error, HTTP 500. */
  class ServerError extends ExtensibilityUserError {}
  /** Denies a sign-up: `message` is for the log, `friendlyMessage` (else the same) for who signs up. */
  class PreUserRegistrationError extends ExtensibilityUserError {
    constructor(message?: string, friendlyMessage?: string);
    friendlyMessage: string;
  }
  /** Says that a message was not sent: `message` is for the log, `friendlyMessage` (else the same) for who waits for it. */
  class SendPhoneMessageError extends ExtensibilityUserError {
    constructor(message?: string, friendlyMessage?: string);
    friendlyMessage: string;
  }

  /** Lines of the execution's record. Text as Node writes it, with %s, %d, %j, %o; the hook's secrets are masked. */
  interface Console {
    log(...values: any[]): void;
    info(...values: any[]): void;
    warn(...values: any[]): void;
    error(...values: any[]): void;
    debug(...values: any[]): void;
    trace(...values: any[]): void;
    dir(value?: any, options?: any): void;
    assert(condition?: boolean, ...values: any[]): void;
    group(...values: any[]): void;
    groupEnd(): void;
    count(label?: string): void;
    countReset(label?: string): void;
    time(label?: string): void;
    timeLog(label?: string): void;
    timeEnd(label?: string): void;
  }
  var console: Console;

  /** Calls back after so many milliseconds. The clock stands still while a hook computes. */
  function setTimeout(callback: (...values: any[]) => void, ms?: number, ...values: any[]): number;
  function setInterval(callback: (...values: any[]) => void, ms?: number, ...values: any[]): number;
  function setImmediate(callback: (...values: any[]) => void, ...values: any[]): number;
  function clearTimeout(id: number | undefined): void;
  function clearInterval(id: number | undefined): void;
  function clearImmediate(id: number | undefined): void;
  function queueMicrotask(callback: () => void): void;

  interface Performance {
    /** Milliseconds since the request began; they pass only while a hook waits. */
    now(): number;
    readonly timeOrigin: number;
  }
  var performance: Performance;

  /** Text from base64. */
  function atob(data: string): string;
  /** Base64 of a text whose characters are below 256. */
  function btoa(data: string): string;
  function structuredClone<T>(value: T): T;

  /**
   * Asks a server: one on the public Internet, or one that the configuration's [network] opens. The answer is there as a
   * whole; waiting for it costs no CPU time.
   */
  function fetch(input: string | URL | Request, init?: Guest.RequestInit): Promise<Response>;

  /** Bytes, as in Node. */
  interface Buffer extends Guest.Buffer {}
  var Buffer: Guest.BufferConstructor;
  /** Of Node's process what a hook can use. It has no environment: secrets are in `context.secrets`. */
  var process: Guest.Process;
  var __filename: string;
  var __dirname: string;

  interface ErrorConstructor {
    captureStackTrace(target: object, below?: Function): void;
    stackTraceLimit: number;
  }

  // Where an editor adds the DOM's types, which have these too, theirs count: as in @types/node.
  interface AbortController extends Ours<Guest.AbortController> {}
  var AbortController: typeof globalThis extends { onmessage: any; AbortController: infer T } ? T : typeof Guest.AbortController;
  interface AbortSignal extends Ours<Guest.AbortSignal> {}
  var AbortSignal: typeof globalThis extends { onmessage: any; AbortSignal: infer T } ? T : typeof Guest.AbortSignal;
  interface Blob extends Ours<Guest.Blob> {}
  var Blob: typeof globalThis extends { onmessage: any; Blob: infer T } ? T : typeof Guest.Blob;
  interface Crypto extends Ours<Guest.Crypto> {}
  var Crypto: typeof globalThis extends { onmessage: any; Crypto: infer T } ? T : typeof Guest.Crypto;
  interface CryptoKey extends Ours<Guest.CryptoKey> {}
  var CryptoKey: typeof globalThis extends { onmessage: any; CryptoKey: infer T } ? T : typeof Guest.CryptoKey;
  interface DOMException extends Ours<Guest.DOMException> {}
  var DOMException: typeof globalThis extends { onmessage: any; DOMException: infer T } ? T : typeof Guest.DOMException;
  interface Event extends Ours<Guest.Event> {}
  var Event: typeof globalThis extends { onmessage: any; Event: infer T } ? T : typeof Guest.Event;
  interface EventTarget extends Ours<Guest.EventTarget> {}
  var EventTarget: typeof globalThis extends { onmessage: any; EventTarget: infer T } ? T : typeof Guest.EventTarget;
  interface File extends Ours<Guest.File> {}
  var File: typeof globalThis extends { onmessage: any; File: infer T } ? T : typeof Guest.File;
  interface Headers extends Ours<Guest.Headers> {}
  var Headers: typeof globalThis extends { onmessage: any; Headers: infer T } ? T : typeof Guest.Headers;
  interface Request extends Ours<Guest.Request> {}
  var Request: typeof globalThis extends { onmessage: any; Request: infer T } ? T : typeof Guest.Request;
  interface Response extends Ours<Guest.Response> {}
  var Response: typeof globalThis extends { onmessage: any; Response: infer T } ? T : typeof Guest.Response;
  interface SubtleCrypto extends Ours<Guest.SubtleCrypto> {}
  var SubtleCrypto: typeof globalThis extends { onmessage: any; SubtleCrypto: infer T } ? T : typeof Guest.SubtleCrypto;
  interface TextDecoder extends Ours<Guest.TextDecoder> {}
  var TextDecoder: typeof globalThis extends { onmessage: any; TextDecoder: infer T } ? T : typeof Guest.TextDecoder;
  interface TextEncoder extends Ours<Guest.TextEncoder> {}
  var TextEncoder: typeof globalThis extends { onmessage: any; TextEncoder: infer T } ? T : typeof Guest.TextEncoder;
  interface URL extends Ours<Guest.URL> {}
  var URL: typeof globalThis extends { onmessage: any; URL: infer T } ? T : typeof Guest.URL;
  interface URLSearchParams extends Ours<Guest.URLSearchParams> {}
  var URLSearchParams: typeof globalThis extends { onmessage: any; URLSearchParams: infer T } ? T : typeof Guest.URLSearchParams;
  /** Web Crypto; Node's own is `require('crypto')`. */
  var crypto: typeof globalThis extends { onmessage: any; crypto: infer T } ? T : Guest.Crypto;
}

type Ours<T> = typeof globalThis extends { onmessage: any } ? {} : T;

/** What stands behind the globals. */
export declare namespace Guest {
  // URLs and text

  type Pairs<T> = Record<string, T> | Iterable<[string, T]>;

  class URL {
    constructor(url: string | URL, base?: string | URL);
    static canParse(url: string | URL, base?: string | URL): boolean;
    static parse(url: string | URL, base?: string | URL): URL | null;
    hash: string;
    host: string;
    hostname: string;
    href: string;
    readonly origin: string;
    password: string;
    pathname: string;
    port: string;
    protocol: string;
    search: string;
    readonly searchParams: URLSearchParams;
    username: string;
    toString(): string;
    toJSON(): string;
  }

  class URLSearchParams {
    constructor(init?: string | Pairs<string> | URLSearchParams);
    readonly size: number;
    append(name: string, value: string): void;
    delete(name: string, value?: string): void;
    get(name: string): string | null;
    getAll(name: string): string[];
    has(name: string, value?: string): boolean;
    set(name: string, value: string): void;
    sort(): void;
    toString(): string;
    forEach(callback: (value: string, name: string, all: URLSearchParams) => void): void;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
    [Symbol.iterator](): IterableIterator<[string, string]>;
  }

  class TextEncoder {
    readonly encoding: string;
    encode(text?: string): Octets;
    encodeInto(text: string, into: Uint8Array): { read: number; written: number };
  }

  class TextDecoder {
    constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
    readonly encoding: string;
    readonly fatal: boolean;
    readonly ignoreBOM: boolean;
    decode(bytes?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
  }

  // Events

  class Event {
    constructor(type: string, options?: { bubbles?: boolean; cancelable?: boolean; composed?: boolean });
    readonly type: string;
    readonly target: EventTarget | null;
    readonly currentTarget: EventTarget | null;
    readonly cancelable: boolean;
    readonly defaultPrevented: boolean;
    readonly timeStamp: number;
    preventDefault(): void;
    stopPropagation(): void;
    stopImmediatePropagation(): void;
  }

  type Listener = ((event: any) => void) | { handleEvent(event: any): void };

  class EventTarget {
    addEventListener(type: string, listener: Listener, options?: boolean | { once?: boolean; signal?: AbortSignal }): void;
    removeEventListener(type: string, listener: Listener): void;
    dispatchEvent(event: Event): boolean;
  }

  class AbortSignal extends EventTarget {
    private constructor();
    static abort(reason?: any): AbortSignal;
    static any(signals: Iterable<AbortSignal>): AbortSignal;
    static timeout(ms: number): AbortSignal;
    readonly aborted: boolean;
    readonly reason: any;
    onabort: ((event: any) => void) | null;
    throwIfAborted(): void;
  }

  class AbortController {
    readonly signal: AbortSignal;
    abort(reason?: any): void;
  }

  class DOMException extends Error {
    constructor(message?: string, name?: string | { name?: string; cause?: unknown });
    readonly code: number;
  }

  // Bytes

  type Bytes = ArrayBuffer | ArrayBufferView;
  /** A Uint8Array of memory of its own, in every version of TypeScript. */
  type Octets = ReturnType<Uint8Array['slice']>;

  class Blob {
    constructor(parts?: Iterable<string | Bytes | Blob>, options?: { type?: string; endings?: 'transparent' | 'native' });
    readonly size: number;
    readonly type: string;
    slice(start?: number, end?: number, type?: string): Blob;
    arrayBuffer(): Promise<ArrayBuffer>;
    bytes(): Promise<Octets>;
    text(): Promise<string>;
  }

  class File extends Blob {
    constructor(parts: Iterable<string | Bytes | Blob>, name: string, options?: { type?: string; lastModified?: number });
    readonly name: string;
    readonly lastModified: number;
  }

  type Encoding =
    | 'utf8' | 'utf-8' | 'hex' | 'base64' | 'base64url' | 'latin1' | 'binary' | 'ascii'
    | 'utf16le' | 'utf-16le' | 'ucs2' | 'ucs-2';

  type Endian = 'LE' | 'BE';
  type Int = 'Int' | 'UInt' | 'Uint';
  type Fixed = `${Int}8` | `${Int}${16 | 32}${Endian}` | `${'Float' | 'Double'}${Endian}`;
  type Numbers = { [Name in Fixed as `read${Name}`]: (offset?: number) => number } & {
    [Name in Fixed as `write${Name}`]: (value: number, offset?: number) => number;
  } & { [Name in Endian as `read${Int}${Name}`]: (offset: number, bytes: number) => number } & {
    [Name in Endian as `write${Int}${Name}`]: (value: number, offset: number, bytes: number) => number;
  } & { [Name in Endian as `readBig${Int}64${Name}`]: (offset?: number) => bigint } & {
    [Name in Endian as `writeBig${Int}64${Name}`]: (value: bigint, offset?: number) => number;
  };
  type Part = string | number | Uint8Array;

  interface Buffer extends Octets, Numbers {
    toString(encoding?: Encoding, start?: number, end?: number): string;
    toJSON(): { type: 'Buffer'; data: number[] };
    equals(other: Uint8Array): boolean;
    compare(other: Uint8Array, start?: number, end?: number, ownStart?: number, ownEnd?: number): -1 | 0 | 1;
    copy(into: Uint8Array, at?: number, start?: number, end?: number): number;
    fill(value: Part, start?: number, end?: number, encoding?: Encoding): this;
    includes(value: Part, from?: number, encoding?: Encoding): boolean;
    indexOf(value: Part, from?: number, encoding?: Encoding): number;
    lastIndexOf(value: Part, from?: number, encoding?: Encoding): number;
    slice(start?: number, end?: number): globalThis.Buffer;
    subarray(start?: number, end?: number): globalThis.Buffer;
    swap16(): this;
    swap32(): this;
    swap64(): this;
    write(text: string, encoding?: Encoding): number;
    write(text: string, offset: number, encoding?: Encoding): number;
    write(text: string, offset: number, length: number, encoding?: Encoding): number;
  }

  interface BufferConstructor {
    from(text: string, encoding?: Encoding): globalThis.Buffer;
    from(memory: ArrayBufferLike, offset?: number, length?: number): globalThis.Buffer;
    from(bytes: ArrayLike<number> | Iterable<number> | { type: 'Buffer'; data: number[] }): globalThis.Buffer;
    of(...bytes: number[]): globalThis.Buffer;
    alloc(size: number, fill?: Part, encoding?: Encoding): globalThis.Buffer;
    allocUnsafe(size: number): globalThis.Buffer;
    allocUnsafeSlow(size: number): globalThis.Buffer;
    byteLength(value: string | Bytes, encoding?: Encoding): number;
    compare(one: Uint8Array, other: Uint8Array): -1 | 0 | 1;
    concat(list: readonly Uint8Array[], length?: number): globalThis.Buffer;
    copyBytesFrom(view: ArrayBufferView, offset?: number, length?: number): globalThis.Buffer;
    isBuffer(value: unknown): value is globalThis.Buffer;
    isEncoding(name: string): name is Encoding;
    poolSize: number;
    readonly prototype: globalThis.Buffer;
  }

  // HTTP

  type HeadersInit = Headers | Pairs<string>;
  /** Text, bytes, or what is written as a form. */
  type BodyInit = string | Bytes | URLSearchParams;

  class Headers {
    constructor(init?: HeadersInit);
    append(name: string, value: string): void;
    delete(name: string): void;
    get(name: string): string | null;
    getSetCookie(): string[];
    has(name: string): boolean;
    set(name: string, value: string): void;
    forEach(callback: (value: string, name: string, all: Headers) => void): void;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
    [Symbol.iterator](): IterableIterator<[string, string]>;
  }

  interface RequestInit {
    method?: string;
    headers?: HeadersInit;
    body?: BodyInit | null;
    redirect?: 'follow' | 'error' | 'manual';
    signal?: AbortSignal | null;
  }

  class Body {
    readonly body: any;
    readonly bodyUsed: boolean;
    arrayBuffer(): Promise<ArrayBuffer>;
    bytes(): Promise<Octets>;
    json(): Promise<any>;
    text(): Promise<string>;
  }

  class Request extends Body {
    constructor(input: string | URL | Request, init?: RequestInit);
    readonly headers: Headers;
    readonly method: string;
    readonly redirect: 'follow' | 'error' | 'manual';
    readonly signal: AbortSignal | null;
    readonly url: string;
    clone(): Request;
  }

  class Response extends Body {
    constructor(body?: BodyInit | null, init?: { status?: number; statusText?: string; headers?: HeadersInit });
    static error(): Response;
    static json(data: unknown, init?: { status?: number; statusText?: string; headers?: HeadersInit }): Response;
    static redirect(url: string | URL, status?: number): Response;
    readonly headers: Headers;
    readonly ok: boolean;
    readonly redirected: boolean;
    readonly status: number;
    readonly statusText: string;
    readonly type: string;
    readonly url: string;
    clone(): Response;
  }

  // Web Crypto

  type Algorithm = string | { name: string; [parameter: string]: any };
  type KeyFormat = 'jwk' | 'pkcs8' | 'raw' | 'spki';

  class Crypto {
    private constructor();
    readonly subtle: SubtleCrypto;
    getRandomValues<T extends ArrayBufferView>(array: T): T;
    randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
  }

  class CryptoKey {
    private constructor();
    readonly algorithm: any;
    readonly extractable: boolean;
    readonly type: 'private' | 'public' | 'secret';
    readonly usages: string[];
  }

  class SubtleCrypto {
    private constructor();
    decrypt(algorithm: Algorithm, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>;
    deriveBits(algorithm: Algorithm, key: CryptoKey, bits: number): Promise<ArrayBuffer>;
    deriveKey(algorithm: Algorithm, key: CryptoKey, kind: Algorithm, extractable: boolean, usages: string[]): Promise<CryptoKey>;
    digest(algorithm: Algorithm, data: Bytes): Promise<ArrayBuffer>;
    encrypt(algorithm: Algorithm, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>;
    exportKey(format: KeyFormat, key: CryptoKey): Promise<any>;
    /** A key, or for a pair of them `{ privateKey, publicKey }`. */
    generateKey(algorithm: Algorithm, extractable: boolean, usages: string[]): Promise<any>;
    importKey(format: KeyFormat, data: any, algorithm: Algorithm, extractable: boolean, usages: string[]): Promise<CryptoKey>;
    sign(algorithm: Algorithm, key: CryptoKey, data: Bytes): Promise<ArrayBuffer>;
    unwrapKey(
      format: KeyFormat,
      wrapped: Bytes,
      key: CryptoKey,
      how: Algorithm,
      kind: Algorithm,
      extractable: boolean,
      usages: string[],
    ): Promise<CryptoKey>;
    verify(algorithm: Algorithm, key: CryptoKey, signature: Bytes, data: Bytes): Promise<boolean>;
    wrapKey(format: KeyFormat, key: CryptoKey, by: CryptoKey, how: Algorithm): Promise<ArrayBuffer>;
  }

  // Node's process

  interface Output {
    readonly fd: number;
    readonly isTTY: boolean;
    write(text: string | Uint8Array): boolean;
  }

  interface Process {
    readonly arch: string;
    readonly argv: string[];
    readonly env: { [name: string]: string | undefined };
    readonly pid: number;
    readonly platform: string;
    readonly release: { name: string; [name: string]: any };
    /** Lines of the execution's record, as the console's. */
    readonly stderr: Output;
    readonly stdout: Output;
    readonly title: string;
    readonly version: string;
    readonly versions: { [name: string]: string | undefined };
    cwd(): string;
    emitWarning(warning: string | Error, ...more: any[]): void;
    hrtime: { (since?: [number, number]): [number, number]; bigint(): bigint };
    memoryUsage(): { [name: string]: number };
    nextTick(callback: (...values: any[]) => void, ...values: any[]): void;
    uptime(): number;
  }
}
