// The C++ of URL, which is ada, on whatwg-url: the same standard.
'use strict';
const machine = require('npm/whatwg-url/url-state-machine');
const { toUnicode } = require('internal/domains');
const OMITTED = 2 ** 32 - 1;
const urlComponents = new Uint32Array(9);
const schemes = ['http:', ' ', 'https:', 'ws:', 'ftp:', 'wss:', 'file:'];
const ACTIONS = ['protocol', 'host', 'hostname', 'port', 'username', 'password', 'pathname', 'search', 'hash', 'href'];

// Writes down where each part of the URL begins; gives its text.
function located(url) {
  let href = url.scheme + ':';
  const protocolEnd = href.length;
  let usernameEnd = protocolEnd, hostStart = protocolEnd, hostEnd = protocolEnd;
  if (url.host !== null) {
    href += '//' + url.username;
    usernameEnd = hostStart = href.length;
    if (url.password !== '') href += ':' + url.password;
    hostStart = href.length;
    if (url.username !== '' || url.password !== '') href += '@';
    href += machine.serializeHost(url.host);
    hostEnd = href.length;
    if (url.port !== null) href += ':' + url.port;
  } else if (!machine.hasAnOpaquePath(url) && url.path.length > 1 && url.path[0] === '') {
    href += '/.';
  }
  const pathnameStart = href.length;
  href += machine.serializePath(url);
  const searchStart = url.query === null ? OMITTED : href.length;
  if (url.query !== null) href += '?' + url.query;
  const hashStart = url.fragment === null ? OMITTED : href.length;
  if (url.fragment !== null) href += '#' + url.fragment;
  const type = schemes.indexOf(url.scheme + ':');
  const port = url.port === null ? OMITTED : url.port;
  urlComponents.set([protocolEnd, usernameEnd, hostStart, hostEnd, port, pathnameStart, searchStart, hashStart, type < 0 ? 1 : type]);
  return href;
}

function parsed(input, base) {
  let baseURL = null;
  if (base !== undefined) {
    baseURL = machine.parseURL(base.toWellFormed());
    if (baseURL === null) return null;
  }
  return machine.basicURLParse(input.toWellFormed(), { baseURL });
}

function parse(input, base, raise) {
  const url = parsed(input, base);
  if (url !== null) return located(url);
  if (!raise) return undefined;
  const { ERR_INVALID_URL } = require('internal/errors').codes;
  throw base === undefined ? new ERR_INVALID_URL(input) : new ERR_INVALID_URL(input, base);
}

const over = (url, stateOverride) => (value) => { machine.basicURLParse(value, { url, stateOverride }); };

// The setters of the standard (section 6.1).
const setters = {
  __proto__: null,
  protocol: (url, value) => over(url, 'scheme start')(value + ':'),
  username(url, value) {
    if (!machine.cannotHaveAUsernamePasswordPort(url)) machine.setTheUsername(url, value);
  },
  password(url, value) {
    if (!machine.cannotHaveAUsernamePasswordPort(url)) machine.setThePassword(url, value);
  },
  host(url, value) {
    if (!machine.hasAnOpaquePath(url)) over(url, 'host')(value);
  },
  hostname(url, value) {
    if (!machine.hasAnOpaquePath(url)) over(url, 'hostname')(value);
  },
  port(url, value) {
    if (machine.cannotHaveAUsernamePasswordPort(url)) return;
    if (value === '') url.port = null;
    else over(url, 'port')(value);
  },
  pathname(url, value) {
    if (machine.hasAnOpaquePath(url)) return;
    url.path = [];
    over(url, 'path start')(value);
  },
  search(url, value) {
    url.query = null;
    if (value === '') return;
    url.query = '';
    over(url, 'query')(value[0] === '?' ? value.slice(1) : value);
  },
  hash(url, value) {
    url.fragment = null;
    if (value === '') return;
    url.fragment = '';
    over(url, 'fragment')(value[0] === '#' ? value.slice(1) : value);
  },
};

function update(href, action, value) {
  const name = ACTIONS[action];
  if (name === 'href') {
    const url = parsed(value);
    return url === null ? false : located(url);
  }
  const url = machine.parseURL(href);
  setters[name](url, value.toWellFormed());
  return located(url);
}

module.exports = {
  urlComponents,
  parse,
  canParse: (input, base) => parsed(input, base) !== null,
  domainToASCII: (domain) => {
    const url = machine.parseURL('ws://' + domain.toWellFormed());
    return url === null ? '' : machine.serializeHost(url.host);
  },
  domainToUnicode: (domain) => {
    const url = machine.parseURL('ws://' + domain.toWellFormed());
    return url === null ? '' : toUnicode(machine.serializeHost(url.host));
  },
  format(href, hash, unicode, search, auth) {
    const url = machine.parseURL(href);
    if (!hash) url.fragment = null;
    if (unicode && url.host !== null && typeof url.host === 'string') url.host = toUnicode(url.host);
    if (!search) url.query = null;
    if (!auth) url.username = url.password = '';
    return machine.serializeURL(url);
  },
  getOrigin: (href) => machine.serializeURLOrigin(machine.parseURL(href)),
  update,
  pathToFileURL(path) {
    const escapes = { '%': '%25', '\\': '%5C', '\n': '%0A', '\r': '%0D', '\t': '%09', '?': '%3F', '#': '%23' };
    return parse('file://' + path.replace(/[%\\\n\r\t?#]/g, (c) => escapes[c]));
  },
};
