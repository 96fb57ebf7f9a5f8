// Domain names between ASCII and Unicode (UTS 46, not transitional), with what the engine knows of Unicode: its mapping is
// NFKC after folding of case, and what it forbids is what the URL standard forbids.
'use strict';
const punycode = require('punycode');
const dropped = /[\u00ad\u034f\u180b-\u180d\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]/gu;
const dots = /[.\u3002\uff0e\uff61]/u;
const forbidden = /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/;

function mapped(domain) {
  let text = '';
  for (const c of domain.replace(dropped, '')) text += c === 'ß' || c === 'ς' || c === 'ẞ' ? (c === 'ẞ' ? 'ß' : c) : c.toLowerCase();
  return text.normalize('NFKC').toLowerCase().normalize('NFC').replace(dropped, '');
}

// One label in Unicode; null where it is none.
function decoded(label) {
  if (!label.startsWith('xn--')) return label;
  try {
    const text = punycode.decode(label.slice(4));
    return text !== '' && /[^\0-\x7f]/.test(text) && mapped(text) === text ? text : null;
  } catch {
    return null;
  }
}

// The labels in Unicode; null where the name is none.
function labelsOf(domain) {
  const labels = mapped(domain).split(dots).map(decoded);
  return labels.some((label) => label === null || /^\p{M}/u.test(label) || /[\ufffd\p{Cn}\p{Co}\p{Cs}]/u.test(label)) ? null : labels;
}

const ascii = (label) => (/[^\0-\x7f]/.test(label) ? 'xn--' + punycode.encode(label) : label);

// '' where the name is none.
function toASCII(domain) {
  const labels = labelsOf(domain);
  return labels === null ? '' : labels.map(ascii).join('.');
}

function toUnicode(domain) {
  return mapped(domain).split(dots).map((label) => decoded(label) ?? label).join('.');
}

// As whatwg-url asks: null where the name is none.
module.exports = {
  toASCII,
  toUnicode,
  tr46: {
    toASCII: (domain) => {
      const found = toASCII(domain);
      return found === '' || forbidden.test(found) ? null : found;
    },
    toUnicode: (domain) => ({ domain: toUnicode(domain), error: false }),
  },
};
