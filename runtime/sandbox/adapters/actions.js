// Makes a hook of an Action: `exports.onExecute...(event, api)` becomes `(...inputs, cache, cb)`, where inputs are the
// hook's arguments and `cache` the entries that the host keeps. Answers {"hookd:action": {answer | refusal, cache, asked}}, which
// the host reads (actions.py): nothing in it is trusted there.
// Runs before the user's source, so what it takes from JavaScript is JavaScript's own; what is called later is taken now.
((trigger) => {
  'use strict';
  const { apply, ownKeys } = Reflect;
  const { defineProperty } = Object;
  const { now } = Date;
  const { isArray } = Array;
  const { isFinite } = Number;
  const { min } = Math;
  const ErrorHere = Error;
  const TypeErrorHere = TypeError;

  const points = {
    __proto__: null,
    'credentials-exchange': ['onExecuteCredentialsExchange', 4],
    'password-exchange': ['onExecutePostLogin', 5],
    'pre-user-registration': ['onExecutePreUserRegistration', 2],
    'post-user-registration': ['onExecutePostUserRegistration', 2],
    'post-change-password': ['onExecutePostChangePassword', 2],
    'send-phone-message': ['onExecuteSendPhoneMessage', 3],
  };
  const [wanted, count] = points[trigger] || ['', 0];
  const handlers = ownKeys(points).map((point) => points[point][0]);
  const issues = trigger === 'credentials-exchange' || trigger === 'password-exchange';

  const fail = (message) => { throw new ErrorHere(message); };
  const refuse = (message) => { throw new TypeErrorHere(message); };
  const named = (method, name) => typeof name === 'string' && name !== '' || refuse(`${method}: a name must be a string that is not empty.`);
  const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value);
  const object = (value) => isObject(value) ? value : {};
  const forEach = (list, visit) => { for (let i = 0; i < list.length; i++) visit(list[i]); };
  const add = (list, item) => { list[list.length] = item; };
  const copied = (list) => {
    const copy = [];
    if (isArray(list)) for (let i = 0; i < list.length; i++) copy[i] = list[i];
    return copy;
  };
  const put = (target, name, value) => { if (value !== undefined) target[name] = value; };
  const less = (from, names) => {
    const rest = {};
    const keys = ownKeys(from);
    for (let i = 0; i < keys.length; i++) if (!names[keys[i]]) rest[keys[i]] = from[keys[i]];
    return rest;
  };

  // What an Action has done so far. A sandbox runs once, so one of each is enough.

  const access = { __proto__: null };
  const id = { __proto__: null };
  let scope = [];
  let scopeChanged = false;
  let who = null;
  const metadata = { __proto__: null };
  let refusal = null;
  const deny = (name, message, properties) => { refusal = refusal || { __proto__: null, name, message, properties }; };

  // event

  const requestOf = (context) => {
    const inner = object(context.request);
    const request = {};
    put(request, 'ip', context.ip ?? inner.ip);
    put(request, 'user_agent', context.userAgent ?? context.user_agent ?? inner.userAgent ?? inner.user_agent);
    put(request, 'hostname', context.hostname ?? inner.hostname);
    put(request, 'language', context.language ?? context.requestLanguage ?? inner.language);
    request.method = context.method ?? inner.method ?? 'POST';
    request.query = context.query ?? inner.query ?? {};
    request.body = context.body ?? inner.body ?? {};
    request.geoip = context.geoip ?? inner.geoip ?? {};
    return request;
  };
  const clientOf = (client) => {
    const shown = {};
    put(shown, 'client_id', client.client_id ?? client.id);
    put(shown, 'name', client.name);
    shown.metadata = client.metadata ?? client.client_metadata ?? {};
    return shown;
  };
  const connectionOf = (context) => {
    const connection = isObject(context.connection) ? context.connection : { name: context.connection };
    const shown = {};
    put(shown, 'id', connection.id ?? context.connectionID);
    put(shown, 'name', connection.name);
    put(shown, 'strategy', connection.strategy ?? context.connectionStrategy);
    shown.metadata = connection.metadata ?? context.connectionMetadata ?? {};
    return shown;
  };
  const renamed = { __proto__: null, id: true, displayName: true, tenant: true, password: true, emailVerified: true, phoneNumber: true, phoneNumberVerified: true };
  const userOf = (user) => {
    const shown = less(user, renamed);
    put(shown, 'user_id', user.user_id ?? user.id);
    put(shown, 'name', user.name ?? user.displayName);
    put(shown, 'email_verified', user.email_verified ?? user.emailVerified);
    put(shown, 'phone_number', user.phone_number ?? user.phoneNumber);
    put(shown, 'phone_verified', user.phone_verified ?? user.phoneNumberVerified);
    shown.user_metadata = { ...user.user_metadata };
    shown.app_metadata = { ...user.app_metadata };
    return shown;
  };
  const notClaims = { __proto__: null, scope: true };
  const tokenOf = (token) => ({ customClaims: isObject(token) ? less(token, notClaims) : {} });
  const issuing = (event, user, client, asked, audience, context) => {
    scope = copied(asked);
    const requested_scopes = copied(object(context.transaction).requested_scopes ?? asked);
    event.client = clientOf(object(client));
    event.accessToken = tokenOf(context.accessToken);
    event.accessToken.scope = copied(asked);
    event.resource_server = { identifier: audience };
    event.tenant = { id: object(client).tenant ?? object(user).tenant ?? '' };
    event.transaction = { ...object(context.transaction), requested_scopes };
    if (trigger === 'credentials-exchange') return;
    const stats = object(context.stats);
    event.idToken = tokenOf(context.idToken);
    event.user = userOf(object(user));
    event.connection = connectionOf(context);
    event.stats = { ...stats, logins_count: stats.logins_count ?? stats.loginsCount ?? 0 };
    event.authentication = { methods: [], ...object(context.authentication) };
    event.authorization = { roles: [], ...object(context.authorization) };
    event.transaction.protocol = event.transaction.protocol ?? context.protocol ?? 'oauth2-password';
  };
  const happening = (event, user, context) => {
    event.user = userOf(object(user));
    event.connection = connectionOf(context);
    event.tenant = { id: object(user).tenant ?? object(context.connection).tenant ?? '' };
    if (isObject(context.client)) event.client = clientOf(context.client);
  };
  const eventOf = (inputs) => {
    const context = object(inputs[count - 1]);
    const event = { secrets: { ...object(context.webtask).secrets }, request: requestOf(context) };
    if (isObject(context.organization)) event.organization = context.organization;
    if (trigger === 'credentials-exchange') issuing(event, undefined, inputs[0], inputs[1], inputs[2], context);
    else if (trigger === 'password-exchange') issuing(event, inputs[0], inputs[1], inputs[2], inputs[3], context);
    else if (trigger !== 'send-phone-message') happening(event, inputs[0], context);
    else {
      happening(event, context.user, context);
      delete event.connection;
      const { message_type, action, code } = context;
      event.message_options = { recipient: inputs[0], text: inputs[1], message_type, action, code };
    }
    return event;
  };

  // api.cache: best effort, within the vendor's limits (contract-full 10).

  const MINUTE = 60_000;
  const entries = [];
  const changes = [];
  const bytes = (text) => {
    let size = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text[i];
      size += unit < '\x80' ? 1 : unit < '\u0800' || unit >= '\ud800' && unit <= '\udfff' ? 2 : 3;
    }
    return size;
  };
  const find = (list, key) => {
    for (let i = 0; i < list.length; i++) if (list[i][0] === key) return i;
    return -1;
  };
  const remove = (list, key) => {
    const at = find(list, key);
    if (at < 0) return false;
    for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i];
    list.length--;
    return true;
  };
  const note = (change) => {
    remove(changes, change[0]);
    add(changes, change);
  };
  const moment = (options, name) => {
    const value = options[name];
    if (value === undefined || value === null) return Infinity;
    return typeof value === 'number' && isFinite(value) ? value : refuse(`api.cache.set: '${name}' must be a number of milliseconds.`);
  };
  const expiry = (options) => {
    const asked = min(now() + moment(options, 'ttl'), moment(options, 'expires_at'));
    return min(asked === Infinity ? now() + 15 * MINUTE : asked, now() + 24 * 60 * MINUTE);
  };
  const excess = (key, value) => {
    if (bytes(key) > 64) return 'CacheKeySizeExceeded';
    if (bytes(value) > 4096) return 'CacheValueSizeExceeded';
    let size = bytes(key) + bytes(value);
    forEach(entries, (entry) => { size += entry[0] === key ? 0 : bytes(entry[0]) + bytes(entry[1]); });
    if (size > 8192) return 'CacheSizeExceeded';
    return find(entries, key) < 0 && entries.length >= 20 ? 'ItemCountExceeded' : '';
  };
  let asked = false;
  const cache = {
    get(key) {
      asked = true;
      const at = find(entries, `${key}`);
      return at < 0 ? undefined : { value: entries[at][1], expires_at: entries[at][2] };
    },
    set(key, value, options) {
      named('api.cache.set', key);
      if (typeof value !== 'string') refuse('api.cache.set: the value must be a string.');
      const expires_at = expiry(object(options));
      const code = excess(key, value);
      if (code) return { type: 'error', code };
      remove(entries, key);
      if (expires_at > now()) add(entries, [key, value, expires_at]);
      note([key, value, expires_at]);
      return { type: 'success', record: { value, expires_at } };
    },
    delete(key) {
      note([`${key}`]);
      return remove(entries, `${key}`) ? { type: 'success' } : { type: 'error', code: 'NotFound' };
    },
  };

  // api

  const api = { cache };
  const codes = { __proto__: null, invalid_scope: 'InvalidScopeError', invalid_request: 'InvalidRequestError', server_error: 'ServerError' };
  const text = (value, otherwise) => value === undefined || value === null ? otherwise : `${value}`;
  const metadataSetter = (kind) => (name, value) => {
    named(`api.user.set${kind === 'user_metadata' ? 'User' : 'App'}Metadata`, name);
    metadata[kind] = { ...(metadata[kind] ?? object(who)[kind]), [name]: value };
    return api;
  };
  const offer = () => {
    if (issues) {
      api.accessToken = {
        setCustomClaim(name, value) { named('api.accessToken.setCustomClaim', name); access[name] = value; return api; },
        addScope(name) { named('api.accessToken.addScope', name); scopeChanged = true; if (!has(scope, name)) add(scope, name); return api; },
        removeScope(name) { scopeChanged = true; strike(scope, name); return api; },
      };
    }
    if (trigger === 'credentials-exchange') {
      api.access = {
        deny(code, reason) {
          deny(codes[code] || refuse(`api.access.deny: the code must be invalid_scope, invalid_request or server_error, not ${text(code, 'nothing')}.`), text(reason, code));
          return api;
        },
      };
      unsupported('transaction');
    }
    if (trigger === 'password-exchange') {
      api.access = { deny(reason) { deny('AccessDenied', text(reason, 'access denied')); return api; } };
      api.idToken = { setCustomClaim(name, value) { named('api.idToken.setCustomClaim', name); id[name] = value; return api; } };
      'authentication groups multifactor prompt refreshToken redirect rules samlResponse session transaction user'.split(' ').forEach(unsupported);
    }
    if (trigger === 'pre-user-registration') {
      api.access = {
        deny(reason, userMessage) {
          const message = text(reason, 'access denied');
          deny('PreUserRegistrationError', message, { friendlyMessage: text(userMessage, message) });
          return api;
        },
      };
      api.user = { setUserMetadata: metadataSetter('user_metadata'), setAppMetadata: metadataSetter('app_metadata') };
    }
    if (trigger === 'pre-user-registration' || trigger === 'password-exchange') {
      api.validation = {
        error(code, message) {
          deny('ValidationError', text(message, 'invalid'), { code: text(code, ''), friendlyMessage: text(message, 'invalid') });
          return api;
        },
      };
    }
  };
  const has = (list, item) => {
    for (let i = 0; i < list.length; i++) if (list[i] === item) return true;
    return false;
  };
  const strike = (list, item) => {
    let kept = 0;
    for (let i = 0; i < list.length; i++) if (list[i] !== item) list[kept++] = list[i];
    list.length = kept;
  };
  const unsupported = (room) => {
    api[room] = new Proxy({}, {
      __proto__: null,
      get: (_, name) => typeof name === 'string' && name !== 'then' ? () => fail(`api.${room}.${name} is not supported by hookd.`) : undefined,
    });
  };
  offer();

  const answer = () => {
    if (trigger === 'credentials-exchange') return { __proto__: null, ...access, scope };
    if (trigger === 'pre-user-registration') return { __proto__: null, user: metadata };
    if (trigger !== 'password-exchange') return {};
    const accessToken = { __proto__: null, ...access };
    delete accessToken.scope;
    if (scopeChanged || scope.length) accessToken.scope = scope;
    return { __proto__: null, accessToken, idToken: id };
  };

  // The module: what the user exports, as what the guest calls.

  const adapt = (exported) => {
    if (typeof exported === 'function') {
      return (...inputs) => {
        const given = [];
        for (let i = 0; i < count; i++) given[i] = inputs[i];
        given[count] = inputs[count + 1];
        return apply(exported, undefined, given);
      };
    }
    if (exported === null || typeof exported !== 'object') return exported;
    const handler = exported[wanted];
    if (typeof handler !== 'function') return missing(exported);
    return async (...inputs) => {
      const event = eventOf(inputs);
      const kept = inputs[count];
      forEach(copied(kept), (entry) => add(entries, entry));
      who = inputs[0];
      // Who has denied has denied, whatever happens afterwards: a policy may let out what only broke.
      try {
        await handler(event, api);
      } catch (error) {
        if (!refusal) throw error;
      }
      const said = { __proto__: null, cache: changes };
      if (asked) said.asked = true;
      if (refusal) said.refusal = refusal;
      else said.answer = answer();
      inputs[count + 1](null, { __proto__: null, 'hookd:action': said });
    };
  };
  const missing = (exported) => {
    let found = '';
    forEach(handlers, (name) => { if (typeof exported[name] === 'function') found += (found && ', ') + name; });
    if (!found) return exported;
    const error = new ErrorHere(`The source exports ${found}; ${wanted ? `at ${trigger} it must export ${wanted}` : 'an Action is not run here'}, or a function.`);
    defineProperty(error, 'name', { __proto__: null, value: 'NoSuchExport' });
    throw error;
  };
  return (load) => (exports, require, module, __filename, __dirname) => {
    const inner = { exports, id: '.', filename: __filename, loaded: false };
    apply(load, exports, [exports, require, inner, __filename, __dirname]);
    module.exports = adapt(inner.exports);
  };
})
