// Text in general: its lines, how it is quoted as in JavaScript, and how many columns it takes.

function lines(text) {
  const found = list();
  let from = 0;
  for (let end; (end = indexOf(text, '\n', from)) !== -1; from = end + 1) push(found, slice(text, from, end));
  push(found, slice(text, from));
  return found;
}

function indented(text, spaces) {
  return spaces === 0 || !contains(text, '\n') ? text : join(lines(text), '\n' + repeat(' ', spaces));
}

const plural = (count, noun) => count + ' ' + noun + (count > 1 ? 's' : '');
const isLowSurrogate = (code) => code >= 0xdc00 && code < 0xe000;
const hexByte = (byte) => padStart(toRadix(byte, 16), 2, '0');

const unsafe = /[\x00-\x1f'\\\x7f-\x9f\ud800-\udfff]/;
const shortEscapes = { __proto__: null, 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 92: '\\\\' };

function quoted(text) {
  if (exec(unsafe, text) === null) return "'" + text + "'";
  let quote = "'";
  if (contains(text, "'")) {
    if (!contains(text, '"')) quote = '"';
    else if (!contains(text, '`') && !contains(text, '${')) quote = '`';
  }
  return quote + escaped(text, quote) + quote;
}

function escaped(text, quote) {
  let result = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = charCode(text, i);
    if (code >= 0xd800 && code < 0xdc00 && i + 1 < text.length && isLowSurrogate(charCode(text, i + 1))) {
      i++;
      continue;
    }
    const escape = escapeOf(code, quote);
    if (escape === '') continue;
    result += slice(text, from, i) + escape;
    from = i + 1;
  }
  return result + slice(text, from);
}

function escapeOf(code, quote) {
  if (code === 39) return quote === "'" ? "\\'" : '';
  if (code === 92 || code < 32) return shortEscapes[code] || '\\x' + upperCase(hexByte(code));
  if (code >= 127 && code < 160) return '\\x' + upperCase(hexByte(code));
  return code >= 0xd800 && code < 0xe000 ? '\\u' + toRadix(code, 16) : '';
}

// A surrogate counts for half of its pair, which is an emoji or a rare ideograph.
const notAscii = /[^ -~]/;
const wide = /[\u1100-\u115f\u2e80-\u303e\u3040-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/;
const narrow = /[\x00-\x1f\x7f-\x9f\u0300-\u036f\u200b-\u200f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]/;

// Columns that a text takes on a terminal.
function width(text) {
  let columns = text.length;
  if (exec(notAscii, text) === null) return columns;
  for (let i = 0; i < text.length; i++) {
    if (exec(wide, text[i]) !== null) columns++;
    else if (exec(narrow, text[i]) !== null) columns--;
  }
  return columns;
}
