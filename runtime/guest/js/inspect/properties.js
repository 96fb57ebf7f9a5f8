// Which keys of an object are shown, and how a property is: its key, and what it holds or its getter gives.

// What an own property holds; undefined for a getter or none. Object.prototype must not lend it a `value`.
function dataOf(object, key) {
  const property = getOwnPropertyDescriptor(object, key);
  return property !== undefined && hasOwn(property, 'value') ? property.value : undefined;
}

function keysOf(value, hidden) {
  return pushSymbols(pushAll(list(), hidden ? getOwnPropertyNames(value) : enumerableNames(value)), value, hidden);
}

const withFirst = (first, keys) => pushAll(pushAll(list(), first), keys);

function pushSymbols(keys, value, hidden) {
  const symbols = getOwnPropertySymbols(value);
  for (let i = 0; i < symbols.length; i++) if (hidden || isEnumerable(value, symbols[i])) push(keys, symbols[i]);
  return keys;
}

// The keys of something with elements, which come first. The names of a million elements would fill the memory:
// further keys of so long a list are not looked for.
function otherKeys(value, hidden, length = value.length) {
  const keys = list();
  if (length <= 100000 || !hasOwn(value, 0) || !hasOwn(value, length >>> 1) || !hasOwn(value, length - 1)) {
    const names = hidden ? getOwnPropertyNames(value) : enumerableNames(value);
    const isDense = length > 0 && names.length >= length && names[length - 1] === '' + (length - 1);
    let at = isDense ? length : 0;
    while (at < names.length && isIndex(names[at])) at++;
    for (; at < names.length; at++) push(keys, names[at]);
  }
  return pushSymbols(keys, value, hidden);
}

function isIndex(name) {
  const number = +name;
  return number >= 0 && number < 4294967295 && isInteger(number) && '' + number === name;
}

function propertyOf(value, key) {
  return getOwnPropertyDescriptor(value, key) || { __proto__: null, value: value[key], enumerable: true };
}

function formatNamed(view, value, level, key, property, inList) {
  const indent = view.compact === true && !inList ? 3 : 2;
  const text = formatContent(view, value, level, property, indent);
  const breaks = indent === 3 && hasOwn(property, 'value') && view.breakLength < width(text);
  return keyText(key, property) + ':' + (breaks ? '\n' + repeat(' ', view.indentation + indent) : ' ') + text;
}

function formatContent(view, object, level, property, indent) {
  if (hasOwn(property, 'value')) return formatInside(view, property.value, level, indent);
  if (property.get !== undefined) return formatGetter(view, object, level, property);
  return property.set !== undefined ? '[Setter]' : 'undefined';
}

function formatInside(view, value, level, indent, bare) {
  view.indentation += indent;
  const text = formatValue(view, value, level, bare);
  view.indentation -= indent;
  return text;
}

function formatGetter(view, object, level, { get, set }) {
  const label = set === undefined ? 'Getter' : 'Getter/Setter';
  const { getters } = view;
  if (getters !== true && getters !== (set === undefined ? 'get' : 'set')) return '[' + label + ']';
  let value;
  try {
    value = apply(get, object, []);
  } catch (error) {
    return '[' + label + ': <Inspection threw (' + messageOf(error) + ')>]';
  }
  if (isPrimitive(value)) return '[' + label + ': ' + formatPrimitive(view, value) + ']';
  return '[' + label + '] ' + formatInside(view, value, level, 2);
}

const identifier = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

function keyText(key, { enumerable }) {
  if (typeof key === 'symbol') return '[' + escaped(symbolToString(key), "'") + ']';
  if (key === '__proto__') return "['__proto__']";
  if (enumerable === false) return '[' + escaped(key, "'") + ']';
  return exec(identifier, key) === null ? quoted(key) : key;
}
