// `format`: the arguments of a console call as one text, with the %-words of the first one filled. At the end, what
// the folder gives to prelude.js.

function format(args) {
  const first = args[0];
  if (args.length === 0) return '';
  let text = '';
  let next = 0;
  if (typeof first === 'string') {
    if (args.length === 1) return first;
    const filled = fill(first, args);
    text = filled.text;
    next = filled.next;
  }
  for (let i = next; i < args.length; i++) {
    const shown = typeof args[i] === 'string' ? args[i] : inspect(args[i]);
    text += i === 0 ? shown : ' ' + shown;
  }
  return text;
}

// Replaces the %-words of `pattern`. `next` is the first argument that none of them took.
function fill(pattern, args) {
  let text = '';
  let from = 0;
  let next = 1;
  for (let i = 0; i < pattern.length - 1; i++) {
    if (pattern[i] !== '%') continue;
    const word = pattern[++i];
    if (word === '%') {
      text += slice(pattern, from, i);
      from = i + 1;
    } else if (next < args.length && contains('sdifjoOc', word)) {
      text += slice(pattern, from, i - 1) + formatWord(word, args[next++]);
      from = i + 1;
    }
  }
  return { __proto__: null, text: text + slice(pattern, from), next };
}

function formatWord(word, value) {
  switch (word) {
    case 's': return formatAsString(value);
    case 'j': return formatAsJson(value);
    case 'o': return inspect(value, { __proto__: null, showHidden: true, showProxy: true, depth: 4 });
    case 'O': return inspect(value);
    case 'c': return '';
    default: return formatAsNumber(word, value);
  }
}

function formatAsNumber(word, value) {
  if (typeof value === 'symbol') return 'NaN';
  if (word === 'f') return formatNumber(parseDecimal(value), false);
  if (typeof value === 'bigint') return formatBigInt(value, false);
  return formatNumber(word === 'd' ? toNumber(value) : parseWhole(value), false);
}

function formatAsString(value) {
  if (typeof value === 'number') return formatNumber(value, false);
  if (typeof value === 'bigint') return formatBigInt(value, false);
  if (typeof value !== 'object' || value === null || !hasBuiltInToString(value)) return toText(value);
  return inspect(value, { __proto__: null, depth: 0 });
}

function hasBuiltInToString(value) {
  for (let target; (target = engine.proxyTarget(value)); value = target);
  if (typeof value[toPrimitive] === 'function') return false;
  if (typeof value.toString !== 'function') return true;
  if (hasOwn(value, 'toString')) return false;
  const chain = prototypesOf(value);
  let i = 0;
  while (i < chain.length && !hasOwn(chain[i], 'toString')) i++;
  return i < chain.length && isBuiltIn(dataOf(chain[i], 'constructor'));
}

function formatAsJson(value) {
  try {
    return '' + stringify(value);
  } catch (error) {
    if (contains(messageOf(error), 'circular')) return '[Circular]';
    throw error;
  }
}

globalThis.__hookd_inspect = { format, inspect, lookInside };
