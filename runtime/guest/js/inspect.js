// How console shows values: `format` and `inspect` give what util.format and util.inspect of Node 20 give.
// Evaluated once at build time, before any code of a user's. Nothing that a hook does later changes it: every built-in
// is captured here, lists have no prototype (so that no setter on Array.prototype sees them), no iterator is used.
// What a user's getter, Proxy trap or toString throws while a value is looked at becomes text; what a custom inspect
// function throws is thrown, as in Node.
(function () {
  'use strict';
  const { apply } = Reflect;
  const { call, bind } = Function.prototype;
  const uncurry = bind.bind(call);
  const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, setPrototypeOf } = Object;
  const { is, keys: enumerableNames } = Object;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { isError } = Error;
  const { ceil, floor, max, min, round, sqrt, trunc } = Math;
  const { parse: parseJson, stringify } = JSON;
  const { isFinite, isInteger } = Number;
  const { iterator: iteratorSymbol, toPrimitive, toStringTag } = Symbol;
  const customSymbol = Symbol.for('nodejs.util.inspect.custom');
  const [StringHere, NumberHere, parseIntHere, parseFloatHere] = [String, Number, parseInt, parseFloat];
  const [RegExpHere, Bytes, errorPrototype] = [RegExp, Uint8Array, Error.prototype];

  const hasOwn = uncurry(Object.prototype.hasOwnProperty);
  const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
  const objectToString = uncurry(Object.prototype.toString);
  const functionToString = uncurry(Function.prototype.toString);
  const errorToString = uncurry(Error.prototype.toString);
  const symbolToString = uncurry(Symbol.prototype.toString);
  const regExpToString = uncurry(RegExp.prototype.toString);
  const dateToISOString = uncurry(Date.prototype.toISOString);
  const dateToString = uncurry(Date.prototype.toString);
  const dateValue = uncurry(Date.prototype.getTime);
  const exec = uncurry(RegExp.prototype.exec);
  const slice = uncurry(String.prototype.slice);
  const indexOf = uncurry(String.prototype.indexOf);
  const charCode = uncurry(String.prototype.charCodeAt);
  const repeat = uncurry(String.prototype.repeat);
  const padStart = uncurry(String.prototype.padStart);
  const padEnd = uncurry(String.prototype.padEnd);
  const upperCase = uncurry(String.prototype.toUpperCase);
  const toRadix = uncurry(Number.prototype.toString);
  const sort = uncurry(Array.prototype.sort);
  const getter = (object, name) => uncurry(getOwnPropertyDescriptor(object, name).get);
  const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
  const typedArrayName = getter(typedArrayPrototype, toStringTag);
  const typedArrayLength = getter(typedArrayPrototype, 'length');
  const mapSize = getter(Map.prototype, 'size');
  const setSize = getter(Set.prototype, 'size');
  const mapEntries = uncurry(Map.prototype.entries);
  const setValues = uncurry(Set.prototype.values);
  const nextOfMap = uncurry(getPrototypeOf(new Map().entries()).next);
  const nextOfSet = uncurry(getPrototypeOf(new Set().values()).next);
  const bufferSize = getter(ArrayBuffer.prototype, 'byteLength');
  const sharedBufferSize = getter(SharedArrayBuffer.prototype, 'byteLength');
  const isPrototypeOf = uncurry(Object.prototype.isPrototypeOf);

  // The names by which Node knows that a class is not the user's.
  const builtInNames = list();
  for (const name of getOwnPropertyNames(globalThis)) if (name[0] >= 'A' && name[0] <= 'Z') push(builtInNames, name);

  // What only the engine knows. Until `lookInside` gives it, a promise is shown as pending and a Proxy is not seen to be
  // one: it is shown by what its traps answer.
  let engine = {
    promiseState: (value) => 0, // 0 pending, 1 fulfilled, 2 rejected, below 0: no promise
    promiseResult: (value) => undefined,
    proxyTarget: (value) => undefined, // undefined: no Proxy, null: a revoked one
    proxyHandler: (value) => undefined,
  };

  // Lists

  function list() {
    return setPrototypeOf([], null);
  }

  function push(items, item) {
    items[items.length] = item;
  }

  function pushAll(items, more) {
    for (let i = 0; i < more.length; i++) items[items.length] = more[i];
    return items;
  }

  function includes(items, item) {
    for (let i = 0; i < items.length; i++) if (items[i] === item) return true;
    return false;
  }

  function without(items, item) {
    const rest = list();
    for (let i = 0; i < items.length; i++) if (items[i] !== item) push(rest, items[i]);
    return rest;
  }

  function join(items, separator) {
    let text = '';
    for (let i = 0; i < items.length; i++) text += i === 0 ? items[i] : separator + items[i];
    return text;
  }

  // Text

  function contains(text, part) {
    return indexOf(text, part) !== -1;
  }

  function startsWith(text, part) {
    return slice(text, 0, part.length) === part;
  }

  function endsWith(text, part) {
    return text.length >= part.length && slice(text, text.length - part.length) === part;
  }

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

  function more(count, noun) {
    return `${count} more ${noun}${count > 1 ? 's' : ''}`;
  }

  const unsafe = /[\x00-\x1f'\\\x7f-\x9f\ud800-\udfff]/;
  const shortEscapes = { __proto__: null, 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 92: '\\\\' };

  function quoted(text) {
    if (exec(unsafe, text) === null) return `'${text}'`;
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

  function hexByte(prefix, code) {
    return prefix + padStart(upperCase(toRadix(code, 16)), 2, '0');
  }

  function isLowSurrogate(code) {
    return code >= 0xdc00 && code < 0xe000;
  }

  function escapeOf(code, quote) {
    if (code === 39) return quote === "'" ? "\\'" : '';
    if (code === 92 || code < 32) return shortEscapes[code] || hexByte('\\x', code);
    if (code >= 127 && code < 160) return hexByte('\\x', code);
    return code >= 0xd800 && code < 0xe000 ? `\\u${toRadix(code, 16)}` : '';
  }

  // Columns that a text takes on a terminal.
  function width(text) {
    let columns = 0;
    for (let i = 0; i < text.length; i++) {
      const code = charCode(text, i);
      if (code < 127) columns += code < 32 ? 0 : 1;
      else if (isWide(code)) columns += 2;
      else if (!isZeroWidth(code) && !isLowSurrogate(code)) columns += 1;
    }
    return columns;
  }

  // A high surrogate of the planes of emoji and of rare ideographs counts for its pair.
  function isWide(code) {
    return code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
      (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) ||
      (code >= 0xd83c && code <= 0xd83e) || (code >= 0xd840 && code <= 0xd8bf));
  }

  function isZeroWidth(code) {
    return code < 160 || (code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) ||
      (code >= 0x20d0 && code <= 0x20ff) || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xfe20 && code <= 0xfe2f);
  }

  // Primitives

  function formatNumber(number, separated) {
    if (is(number, -0)) return '-0';
    const text = `${number}`;
    if (!separated || !isFinite(number) || contains(text, 'e')) return text;
    const point = indexOf(text, '.');
    if (point === -1) return inThousands(text);
    return `${inThousands(slice(text, 0, point))}.${decimalsInThousands(slice(text, point + 1))}`;
  }

  function formatBigInt(number, separated) {
    const text = `${number}`;
    return (separated ? inThousands(text) : text) + 'n';
  }

  function inThousands(digits) {
    const first = digits[0] === '-' ? 1 : 0;
    let end = digits.length;
    let result = '';
    for (; end >= first + 4; end -= 3) result = `_${slice(digits, end - 3, end)}${result}`;
    return slice(digits, 0, end) + result;
  }

  function decimalsInThousands(digits) {
    let result = '';
    let at = 0;
    for (; at < digits.length - 3; at += 3) result += `${slice(digits, at, at + 3)}_`;
    return result + slice(digits, at);
  }

  function formatString(view, text) {
    let trailer = '';
    if (text.length > view.maxStringLength) {
      const left = text.length - view.maxStringLength;
      text = slice(text, 0, view.maxStringLength);
      trailer = `... ${more(left, 'character')}`;
    }
    if (view.compact === true || text.length <= 16 || text.length <= view.breakLength - view.indentation - 4) {
      return quoted(text) + trailer;
    }
    const parts = lines(text);
    const shown = list();
    for (let i = 0; i < parts.length; i++) {
      if (i < parts.length - 1) push(shown, quoted(`${parts[i]}\n`));
      else if (parts[i] !== '' || i === 0) push(shown, quoted(parts[i]));
    }
    return join(shown, ` +\n${repeat(' ', view.indentation + 2)}`) + trailer;
  }

  function formatPrimitive(view, value) {
    switch (typeof value) {
      case 'string': return formatString(view, value);
      case 'number': return formatNumber(value, view.numericSeparator);
      case 'bigint': return formatBigInt(value, view.numericSeparator);
      case 'symbol': return symbolToString(value);
      default: return `${value}`;
    }
  }

  // What a value really is, whatever its prototype and its Symbol.toStringTag say. A class is looked for only where the
  // prototypes suggest it, or where there are none: each test that fails costs an exception.

  const brands = list();

  function brand(kind, Class, test) {
    push(brands, { __proto__: null, kind, prototype: Class.prototype, test: test || uncurry(Class.prototype.valueOf) });
  }

  brand('Map', Map, mapSize);
  brand('Set', Set, setSize);
  brand('Date', Date, dateValue);
  brand('RegExp', RegExp, getter(RegExp.prototype, 'source'));
  brand('Number', Number);
  brand('String', String);
  brand('Boolean', Boolean);
  brand('BigInt', BigInt);
  brand('Symbol', Symbol);
  brand('ArrayBuffer', ArrayBuffer, bufferSize);
  brand('SharedArrayBuffer', SharedArrayBuffer, sharedBufferSize);
  const weakMapHas = uncurry(WeakMap.prototype.has);
  const weakSetHas = uncurry(WeakSet.prototype.has);
  brand('WeakMap', WeakMap, (value) => weakMapHas(value, brands));
  brand('WeakSet', WeakSet, (value) => weakSetHas(value, brands));

  function kindOf(value) {
    if (typeof value === 'function') return 'Function';
    if (isArray(value)) return 'Array';
    if (isError(value) || isPrototypeOf(errorPrototype, value)) return 'Error';
    if (isView(value)) return typedArrayName(value) === undefined ? 'DataView' : 'TypedArray';
    const prototype = getPrototypeOf(value);
    for (let i = 0; i < brands.length; i++) {
      const { kind, test } = brands[i];
      if ((prototype === null || isPrototypeOf(brands[i].prototype, value)) && passes(test, value)) return kind;
    }
    if (isPromise(value)) return 'Promise';
    return objectToString(value) === '[object Arguments]' ? 'Arguments' : 'Object';
  }

  const promisePrototype = Promise.prototype;

  function isPromise(value) {
    return isPrototypeOf(promisePrototype, value) && engine.promiseState(value) >= 0;
  }

  function passes(test, value) {
    try {
      test(value);
      return true;
    } catch {
      return false;
    }
  }

  // Names

  // The name of the class of a value; null when no prototype names one. `inherited` collects what showHidden shows of
  // the prototypes.
  function constructorName(view, value, level, inherited) {
    let first;
    let at = value;
    for (let steps = 0; at !== null && steps < 1000; steps++) {
      const own = getOwnPropertyDescriptor(at, 'constructor');
      if (own !== undefined && typeof own.value === 'function' && own.value.name !== '' && isInstance(value, own.value)) {
        const name = StringHere(own.value.name);
        if (inherited !== undefined && (first !== at || !includes(builtInNames, name))) {
          inheritedKeys(view, value, first || value, level, inherited);
        }
        return name;
      }
      at = getPrototypeOf(at);
      if (first === undefined) first = at;
    }
    if (first === null) return null;
    const kind = kindOf(value) === 'TypedArray' ? typedArrayName(value) : kindOf(value);
    if (level > view.depth && view.depth !== null) return `${kind} <Complex prototype>`;
    const name = constructorName(view, first, level + 1, inherited);
    return `${kind} <${name === null ? formatValue(newView({ __proto__: view, customInspect: false, depth: -1 }), first, 0) : name}>`;
  }

  function isInstance(value, Class) {
    try {
      return value instanceof Class;
    } catch {
      return false;
    }
  }

  // Three prototypes up, until one is built in: what is not a method, with the value that the object itself has.
  function inheritedKeys(view, value, prototype, level, inherited) {
    const seen = list();
    for (let depth = 0; depth < 3; depth++) {
      if (depth > 0 || prototype === value) prototype = getPrototypeOf(prototype);
      if (prototype === null) return;
      const own = getOwnPropertyDescriptor(prototype, 'constructor');
      if (own !== undefined && typeof own.value === 'function' && includes(builtInNames, own.value.name)) return;
      const keys = keysOf(prototype, true);
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        if (key === 'constructor' || hasOwn(value, key) || includes(seen, key)) continue;
        const property = getOwnPropertyDescriptor(prototype, key);
        push(seen, key);
        if (typeof property.value !== 'function') push(inherited, { __proto__: null, key, property });
      }
    }
  }

  function prefixOf(constructor, tag, fallback, size = '') {
    if (constructor === null) {
      return `[${fallback}${size}: null prototype] ${tag !== '' && fallback !== tag ? `[${tag}] ` : ''}`;
    }
    return `${constructor}${size} ${tag !== '' && constructor !== tag ? `[${tag}] ` : ''}`;
  }

  // Symbol.toStringTag, unless it is shown as a key anyway.
  function tagOf(view, value) {
    const tag = value[toStringTag];
    if (typeof tag !== 'string' || tag === '') return '';
    return (view.showHidden ? hasOwn : isEnumerable)(value, toStringTag) ? '' : tag;
  }

  // Keys

  function keysOf(value, hidden) {
    const names = hidden ? getOwnPropertyNames(value) : enumerableNames(value);
    return pushSymbols(pushAll(list(), names), value, hidden);
  }

  function pushSymbols(keys, value, hidden) {
    const symbols = getOwnPropertySymbols(value);
    for (let i = 0; i < symbols.length; i++) if (hidden || isEnumerable(value, symbols[i])) push(keys, symbols[i]);
    return keys;
  }

  // The keys of something with elements, which come first. The names of a million elements would fill the memory:
  // further keys of so long a list are not looked for.
  function otherKeys(value, length, hidden) {
    const keys = list();
    if (length <= 100000 || !hasOwn(value, 0) || !hasOwn(value, length >>> 1) || !hasOwn(value, length - 1)) {
      const names = hidden ? getOwnPropertyNames(value) : enumerableNames(value);
      let at = 0;
      while (at < names.length && isIndex(names[at])) at++;
      for (; at < names.length; at++) push(keys, names[at]);
    }
    return pushSymbols(keys, value, hidden);
  }

  function isIndex(name) {
    const number = +name;
    return number >= 0 && number < 4294967295 && isInteger(number) && `${number}` === name;
  }

  // A view: the options, and where in the text and in the value we are.

  const defaults = {
    __proto__: null,
    showHidden: false,
    depth: 2,
    colors: false,
    customInspect: true,
    showProxy: false,
    maxArrayLength: 100,
    maxStringLength: 10000,
    breakLength: 80,
    compact: 3,
    sorted: false,
    getters: false,
    numericSeparator: false,
  };

  function newView(options) {
    const view = { __proto__: defaults, indentation: 0, level: 0, path: list(), circular: list(), written: 0, own: options };
    if (typeof options === 'object' && options !== null) {
      for (const name in defaults) if (options[name] !== undefined || hasOwn(options, name)) view[name] = options[name];
    } else {
      view.own = undefined;
      if (options !== undefined) view.showHidden = options;
    }
    if (view.maxArrayLength === null) view.maxArrayLength = 1 / 0;
    if (view.maxStringLength === null) view.maxStringLength = 1 / 0;
    return view;
  }

  // The options as a user's own inspect function gets them.
  function optionsOf(view) {
    const options = {};
    for (const name in defaults) define(options, name, view[name]);
    const names = view.own === undefined ? list() : enumerableNames(view.own);
    for (let i = 0; i < names.length; i++) if (!(names[i] in defaults)) define(options, names[i], view.own[names[i]]);
    define(options, 'stylize', (text) => `${text}`);
    return options;
  }

  function define(object, name, value) {
    defineProperty(object, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  }

  // Values

  function formatValue(view, value, level, bare) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return formatPrimitive(view, value);
    const given = value;
    for (let target; (target = engine.proxyTarget(value)) !== undefined; value = target) {
      if (target === null) return '<Revoked Proxy>';
      if (view.showProxy) return formatProxy(view, target, engine.proxyHandler(value), level);
    }
    const { indentation } = view;
    const depth = view.path.length;
    let custom;
    try {
      custom = view.customInspect ? customInspect(value) : undefined;
      if (custom === undefined) return formatKnown(view, value, level, bare);
    } catch (error) {
      view.indentation = indentation;
      view.path.length = depth;
      return isStackOverflow(error)
        ? `[${isArray(value) ? 'Array' : 'Object'}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`
        : `<Inspection threw (${messageOf(error)})>`;
    }
    return formatCustom(view, value, given, custom, level);
  }

  function customInspect(value) {
    const custom = value[customSymbol];
    if (typeof custom !== 'function' || custom === inspect) return undefined;
    const { constructor } = value;
    return constructor && constructor.prototype === value ? undefined : custom;
  }

  function formatCustom(view, value, given, custom, level) {
    const shown = apply(custom, given, [view.depth === null ? null : view.depth - level, optionsOf(view), inspect]);
    if (shown === given) return formatKnown(view, value, level);
    return indented(typeof shown === 'object' ? formatValue(view, shown, level) : StringHere(shown), view.indentation);
  }

  function isStackOverflow(error) {
    if (!isError(error)) return false;
    const message = getOwnPropertyDescriptor(error, 'message');
    return message !== undefined && message.value === 'Maximum call stack size exceeded';
  }

  function messageOf(error) {
    try {
      return StringHere(isError(error) ? error.message : error);
    } catch {
      return 'something that is no text';
    }
  }

  function formatKnown(view, value, level, bare) {
    if (!includes(view.path, value)) return formatObject(view, value, level, bare);
    if (!includes(view.circular, value)) push(view.circular, value);
    return `[Circular *${placeOf(view.circular, value)}]`;
  }

  function placeOf(items, item) {
    for (let i = 0; i < items.length; i++) if (items[i] === item) return i + 1;
    return 0;
  }

  function formatProxy(view, target, handler, level) {
    if (view.depth !== null && level > view.depth) return 'Proxy [Array]';
    const entries = list();
    view.indentation += 2;
    push(entries, formatValue(view, target, level + 1));
    push(entries, formatValue(view, handler, level + 1));
    view.indentation -= 2;
    return layOut(view, entries, { __proto__: null, base: '', open: 'Proxy [', close: ']', list: true }, level + 1, undefined);
  }

  function formatObject(view, value, level, bare) {
    const within = view.depth === null || view.depth === undefined || level <= view.depth;
    const inherited = list();
    const constructor = constructorName(view, value, level, view.showHidden && within ? inherited : undefined);
    const tag = tagOf(view, value);
    const shape = shapes[kindOf(value)](view, value, constructor, tag, bare);
    if (shape.empty !== undefined && shape.keys.length === 0 && !inherited.length) return shape.empty;
    if (!within) return shape.leaf || tooDeep(value, constructor, tag);
    const entries = entriesOf(view, value, shape, level + 1, inherited);
    const reference = placeOf(view.circular, value);
    if (reference > 0) addReference(view, shape, `<ref *${reference}>`);
    const text = layOut(view, view.sorted ? inOrder(view, entries, shape) : entries, shape, level + 1, value);
    view.written += text.length;
    if (view.written > 4194304) view.depth = -1;
    return text;
  }

  function tooDeep(value, constructor, tag) {
    const name = slice(prefixOf(constructor, tag, isArray(value) ? 'Array' : 'Object'), 0, -1);
    return constructor === null ? name : `[${name}]`;
  }

  function entriesOf(view, value, shape, level, inherited) {
    const entries = list();
    push(view.path, value);
    view.level = level;
    if (shape.elements !== undefined) shape.elements(view, value, level, entries);
    for (let i = 0; i < shape.keys.length; i++) push(entries, formatProperty(view, value, level, shape.keys[i], shape.list));
    for (let i = 0; i < inherited.length; i++) {
      const { key, property } = inherited[i];
      push(entries, formatNamed(view, value, level, key, property, false));
    }
    view.path.length--;
    return entries;
  }

  function addReference(view, shape, reference) {
    if (view.compact === true) shape.open = `${reference} ${shape.open}`;
    else shape.base = shape.base === '' ? reference : `${reference} ${shape.base}`;
  }

  function inOrder(view, entries, shape) {
    const first = shape.list ? entries.length - shape.keys.length : 0;
    const sorted = list();
    for (let i = first; i < entries.length; i++) push(sorted, entries[i]);
    sort(sorted, view.sorted === true ? undefined : view.sorted);
    const result = list();
    for (let i = 0; i < first; i++) push(result, entries[i]);
    return pushAll(result, sorted);
  }

  // Properties

  function propertyOf(value, key) {
    return getOwnPropertyDescriptor(value, key) || { __proto__: null, value: value[key], enumerable: true };
  }

  function formatProperty(view, value, level, key, inList) {
    return formatNamed(view, value, level, key, propertyOf(value, key), inList);
  }

  function formatNamed(view, value, level, key, property, inList) {
    const indent = view.compact === true && !inList ? 3 : 2;
    const text = formatContent(view, value, level, property, indent);
    const breaks = indent === 3 && property.value !== undefined && view.breakLength < width(text);
    return `${keyText(key, property)}:${breaks ? `\n${repeat(' ', view.indentation + indent)}` : ' '}${text}`;
  }

  function formatElement(view, value, level, index) {
    return formatContent(view, value, level, propertyOf(value, index), 2);
  }

  function formatContent(view, object, level, property, indent) {
    if (property.value !== undefined) return formatInside(view, property.value, level, indent);
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
    const asked = getters === true || (getters === 'get' && set === undefined) || (getters === 'set' && set !== undefined);
    if (!asked) return `[${label}]`;
    let value;
    try {
      value = apply(get, object, []);
    } catch (error) {
      return `[${label}: <Inspection threw (${messageOf(error)})>]`;
    }
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return `[${label}: ${formatPrimitive(view, value)}]`;
    return `[${label}] ${formatInside(view, value, level, 2)}`;
  }

  const identifier = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

  function keyText(key, { enumerable }) {
    if (typeof key === 'symbol') return `[${escaped(symbolToString(key), "'")}]`;
    if (key === '__proto__') return "['__proto__']";
    if (enumerable === false) return `[${escaped(key, "'")}]`;
    return exec(identifier, key) === null ? quoted(key) : key;
  }

  // Shapes: what stands before, between and after the entries of each kind of value. `empty` is all of it when there are
  // no keys, `leaf` when it lies too deep, `list` is true for what has elements without names.

  const noElements = { __proto__: null, list: false, empty: undefined, leaf: undefined, elements: undefined };

  function braces(keys, prefix, empty, elements) {
    return { __proto__: noElements, keys, open: `${prefix}{`, close: '}', base: '', empty, elements };
  }

  function brackets(keys, prefix, isEmpty, elements) {
    const open = `${prefix}[`;
    return { __proto__: noElements, keys, open, close: ']', base: '', list: true, empty: isEmpty ? `${open}]` : undefined, elements };
  }

  function based(keys, base, leaf) {
    return { __proto__: noElements, keys, open: '{', close: '}', base, empty: base, leaf };
  }

  const shapes = {
    __proto__: null,

    Object(view, value, constructor, tag) {
      const prefix = constructor === 'Object' && tag === '' ? '' : prefixOf(constructor, tag, 'Object');
      return braces(keysOf(value, view.showHidden), prefix, `${prefix}{}`);
    },

    Array(view, value, constructor, tag) {
      const { length } = value;
      const prefix = constructor === 'Array' && tag === '' ? '' : prefixOf(constructor, tag, 'Array', `(${length})`);
      return brackets(otherKeys(value, length, view.showHidden), prefix, length === 0, arrayElements);
    },

    Arguments(view, value, constructor, tag) {
      const prefix = constructor === 'Object' ? '[Arguments] ' : prefixOf(constructor, tag, 'Arguments');
      return braces(keysOf(value, view.showHidden), prefix, `${prefix}{}`);
    },

    TypedArray(view, value, constructor, tag) {
      const length = typedArrayLength(value);
      const prefix = prefixOf(constructor, tag, typedArrayName(value), `(${length})`);
      return brackets(otherKeys(value, length, view.showHidden), prefix, length === 0 && !view.showHidden, typedElements);
    },

    Set(view, value, constructor, tag) {
      const size = setSize(value);
      const prefix = prefixOf(constructor, tag, 'Set', `(${size})`);
      return braces(keysOf(value, view.showHidden), prefix, size === 0 ? `${prefix}{}` : undefined, setElements);
    },

    Map(view, value, constructor, tag) {
      const size = mapSize(value);
      const prefix = prefixOf(constructor, tag, 'Map', `(${size})`);
      return braces(keysOf(value, view.showHidden), prefix, size === 0 ? `${prefix}{}` : undefined, mapElements);
    },

    Function(view, value, constructor, tag) {
      return based(keysOf(value, view.showHidden), functionBase(value, constructor, tag));
    },

    RegExp(view, value, constructor, tag) {
      const prefix = prefixOf(constructor, tag, 'RegExp');
      const text = regExpToString(constructor === null ? new RegExpHere(value) : value);
      const base = prefix === 'RegExp ' ? text : prefix + text;
      return based(keysOf(value, view.showHidden), base, base);
    },

    Date(view, value, constructor, tag) {
      const prefix = prefixOf(constructor, tag, 'Date');
      const text = is(dateValue(value), NaN) ? 'Invalid Date' : dateToISOString(value);
      return based(keysOf(value, view.showHidden), prefix === 'Date ' ? text : prefix + text);
    },

    Error(view, value, constructor, tag) {
      const stack = stackOf(value);
      const keys = errorKeys(view, value, stack);
      return based(keys, errorBase(view, value, stack, constructor, tag));
    },

    ArrayBuffer(view, value, constructor, tag, bare) {
      const prefix = prefixOf(constructor, tag, 'ArrayBuffer');
      const size = bufferSize(value);
      const keys = keysOf(value, view.showHidden);
      if (bare && keys.length === 0) return braces(keys, prefix, `${prefix}{ byteLength: ${formatNumber(size, false)} }`);
      return braces(withFirst(keys, 'byteLength'), prefix, undefined, bare ? undefined : bufferElements);
    },

    SharedArrayBuffer(view, value, constructor, tag) {
      const prefix = prefixOf(constructor, tag, 'SharedArrayBuffer');
      return braces(withFirst(keysOf(value, view.showHidden), 'byteLength'), prefix, undefined, bufferElements);
    },

    DataView(view, value, constructor, tag) {
      const keys = withFirst(keysOf(value, view.showHidden), 'byteLength', 'byteOffset', 'buffer');
      return braces(keys, prefixOf(constructor, tag, 'DataView'));
    },

    Promise(view, value, constructor, tag) {
      return braces(keysOf(value, view.showHidden), prefixOf(constructor, tag, 'Promise'), undefined, promiseElements);
    },

    WeakSet(view, value, constructor, tag) {
      return braces(keysOf(value, view.showHidden), prefixOf(constructor, tag, 'WeakSet'), undefined, unknownElements);
    },

    WeakMap(view, value, constructor, tag) {
      return braces(keysOf(value, view.showHidden), prefixOf(constructor, tag, 'WeakMap'), undefined, unknownElements);
    },

    Number: boxed(uncurry(Number.prototype.valueOf), 'Number'),
    String: boxed(uncurry(String.prototype.valueOf), 'String'),
    Boolean: boxed(uncurry(Boolean.prototype.valueOf), 'Boolean'),
    BigInt: boxed(uncurry(BigInt.prototype.valueOf), 'BigInt'),
    Symbol: boxed(uncurry(Symbol.prototype.valueOf), 'Symbol'),
  };

  function boxed(valueOf, type) {
    return (view, value, constructor, tag) => {
      const inner = valueOf(value);
      const keys = type === 'String' ? otherKeys(value, inner.length, view.showHidden) : keysOf(value, view.showHidden);
      const name = constructor === type ? type : `${type} (${constructor === null ? 'null prototype' : constructor})`;
      const base = `[${name}: ${formatPrimitive({ __proto__: defaults, indentation: 0 }, inner)}]`;
      return based(keys, tag !== '' && tag !== constructor ? `${base} [${tag}]` : base);
    };
  }

  function withFirst(keys, ...first) {
    return pushAll(pushAll(list(), first), keys);
  }

  // Elements

  function arrayElements(view, value, level, entries) {
    const { length } = value;
    const shown = min(max(0, view.maxArrayLength), length);
    for (let i = 0; i < shown; i++) {
      if (!hasOwn(value, i)) return sparseElements(view, value, level, entries, shown, i);
      push(entries, formatElement(view, value, level, i));
    }
    if (length > shown) push(entries, `... ${more(length - shown, 'item')}`);
  }

  // From the first hole on; a run of holes counts as one entry.
  function sparseElements(view, value, level, entries, shown, index) {
    const names = enumerableNames(value);
    for (let i = index; i < names.length && entries.length < shown && isIndex(names[i]); i++) {
      const next = +names[i];
      if (next > index) push(entries, holes(next - index));
      index = next;
      if (entries.length === shown) break;
      push(entries, formatElement(view, value, level, index++));
    }
    const left = value.length - index;
    if (left > 0) push(entries, entries.length < shown ? holes(left) : `... ${more(left, 'item')}`);
  }

  function holes(count) {
    return `<${count} empty item${count > 1 ? 's' : ''}>`;
  }

  function typedElements(view, value, level, entries) {
    const length = typedArrayLength(value);
    const shown = min(max(0, view.maxArrayLength), length);
    for (let i = 0; i < shown; i++) push(entries, formatPrimitive(view, value[i]));
    if (length > shown) push(entries, `... ${more(length - shown, 'item')}`);
    if (!view.showHidden) return;
    for (let i = 0; i < typedArrayNames.length; i++) {
      const name = typedArrayNames[i];
      push(entries, `[${name}]: ${formatInside(view, value[name], level, 2, true)}`);
    }
  }

  const typedArrayNames = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];

  function setElements(view, value, level, entries) {
    const size = setSize(value);
    const shown = min(max(0, view.maxArrayLength), size);
    const values = setValues(value);
    for (let i = 0; i < shown; i++) push(entries, formatInside(view, nextOfSet(values).value, level, 2));
    if (size > shown) push(entries, `... ${more(size - shown, 'item')}`);
  }

  function mapElements(view, value, level, entries) {
    const size = mapSize(value);
    const shown = min(max(0, view.maxArrayLength), size);
    const pairs = mapEntries(value);
    view.indentation += 2;
    for (let i = 0; i < shown; i++) {
      const pair = nextOfMap(pairs).value;
      push(entries, `${formatValue(view, pair[0], level)} => ${formatValue(view, pair[1], level)}`);
    }
    if (size > shown) push(entries, `... ${more(size - shown, 'item')}`);
    view.indentation -= 2;
  }

  function bufferElements(view, value, level, entries) {
    const bytes = new Bytes(value);
    const shown = min(max(0, view.maxArrayLength), typedArrayLength(bytes));
    let text = '';
    for (let i = 0; i < shown; i++) text += (i === 0 ? '' : ' ') + padStart(toRadix(bytes[i], 16), 2, '0');
    const left = typedArrayLength(bytes) - shown;
    if (left > 0) text += ` ... ${more(left, 'byte')}`;
    push(entries, `[Uint8Contents]: <${text}>`);
  }

  function promiseElements(view, value, level, entries) {
    const state = engine.promiseState(value);
    if (state === 0) return push(entries, '<pending>');
    const text = formatInside(view, engine.promiseResult(value), level, 2);
    push(entries, state === 2 ? `<rejected> ${text}` : text);
  }

  function unknownElements(view, value, level, entries) {
    push(entries, '<items unknown>');
  }

  // Functions

  const asyncPrototype = getPrototypeOf(async function () {});
  const generatorPrototype = getPrototypeOf(function* () {});
  const asyncGeneratorPrototype = getPrototypeOf(async function* () {});

  function functionBase(value, constructor, tag) {
    const source = functionToString(value);
    if (isClass(source)) return classBase(value, constructor, tag);
    const type = functionType(value);
    const { name } = value;
    let base = `[${type}${constructor === null ? ' (null prototype)' : ''}`;
    base += name === '' ? ' (anonymous)]' : `: ${typeof name === 'string' ? name : messageOf(name)}]`;
    if (constructor !== type && constructor !== null) base += ` ${constructor}`;
    return tag !== '' && constructor !== tag ? `${base} [${tag}]` : base;
  }

  function isClass(source) {
    return startsWith(source, 'class') && endsWith(source, '}') && !contains(slice(source, 0, indexOf(source, '{')), '(');
  }

  function functionType(value) {
    if (isPrototypeOf(asyncGeneratorPrototype, value)) return 'AsyncGeneratorFunction';
    if (isPrototypeOf(asyncPrototype, value)) return 'AsyncFunction';
    return isPrototypeOf(generatorPrototype, value) ? 'GeneratorFunction' : 'Function';
  }

  function classBase(value, constructor, tag) {
    const name = hasOwn(value, 'name') && value.name ? messageOf(value.name) : '(anonymous)';
    let base = `class ${name}`;
    if (constructor !== 'Function' && constructor !== null) base += ` [${constructor}]`;
    if (tag !== '' && constructor !== tag) base += ` [${tag}]`;
    if (constructor === null) return `[${base} extends [null prototype]]`;
    const above = getPrototypeOf(value).name;
    return above ? `[${base} extends ${messageOf(above)}]` : `[${base}]`;
  }

  // Errors

  function stackOf(error) {
    const { stack } = error;
    const text = stack ? StringHere(stack) : errorToString(error);
    return endsWith(text, '\n') ? slice(text, 0, -1) : text;
  }

  function errorKeys(view, error, stack) {
    let keys = keysOf(error, view.showHidden);
    const told = ['name', 'message', 'stack'];
    for (let i = 0; i < 3 && !view.showHidden; i++) {
      const name = told[i];
      if (includes(keys, name) && typeof error[name] === 'string' && contains(stack, error[name])) keys = without(keys, name);
    }
    if ('cause' in error && !includes(keys, 'cause')) push(keys, 'cause');
    if (isArray(error.errors) && !includes(keys, 'errors')) push(keys, 'errors');
    return keys;
  }

  function errorBase(view, error, stack, constructor, tag) {
    const name = error.name === undefined || error.name === null ? 'Error' : StringHere(error.name);
    const text = withClassName(stack, constructor, name, tag);
    const message = error.message ? StringHere(error.message) : '';
    const from = message === '' ? -1 : indexOf(text, message);
    const frames = indexOf(text, '\n    at', from === -1 ? 0 : from + message.length);
    if (frames === -1) return indented(`[${text}]`, view.indentation);
    const shown = withoutCauseFrames(error, lines(slice(text, frames + 1)));
    return indented(`${slice(text, 0, frames)}\n${join(shown, '\n')}`, view.indentation);
  }

  // The stack begins with the name that the error had when it was made; its class may say more.
  function withClassName(stack, constructor, name, tag) {
    let { length } = name;
    const regular = endsWith(name, 'Error') && startsWith(stack, name) &&
      (stack.length === length || stack[length] === ':' || stack[length] === '\n');
    if (constructor !== null && !regular) return stack;
    let fallback = 'Error';
    if (constructor === null) {
      const start = exec(/^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/, stack) || exec(/^([a-z_A-Z0-9-]*Error)$/, stack);
      const found = start === null ? '' : start[1];
      length = found.length;
      fallback = found || 'Error';
    }
    const prefix = slice(prefixOf(constructor, tag, fallback), 0, -1);
    if (name === prefix) return stack;
    if (!contains(prefix, name)) return `${prefix} [${name}]${slice(stack, length)}`;
    return length === 0 ? `${prefix}: ${stack}` : prefix + slice(stack, length);
  }

  // Frames that the error's cause shows again are counted only.
  function withoutCauseFrames(error, frames) {
    const cause = 'cause' in error ? error.cause : undefined;
    if (!isError(cause)) return frames;
    const stack = stackOf(cause);
    const start = indexOf(stack, '\n    at');
    if (start === -1) return frames;
    const theirs = lines(slice(stack, start + 1));
    for (let at = 0; at < frames.length - 3; at++) {
      const same = sameFrames(frames, at, theirs);
      if (same > 3) return withSkipped(frames, at + 1, same - 2);
    }
    return frames;
  }

  function sameFrames(frames, at, theirs) {
    const offset = placeOf(theirs, frames[at]) - 1;
    if (offset < 0 || theirs.length - offset <= 3) return 0;
    let same = 1;
    while (at + same < frames.length && offset + same < theirs.length && frames[at + same] === theirs[offset + same]) same++;
    return same;
  }

  function withSkipped(frames, from, count) {
    const shown = list();
    for (let i = 0; i < frames.length; i++) {
      if (i === from) push(shown, `    ... ${count} lines matching cause stack trace ...`);
      if (i < from || i >= from + count) push(shown, frames[i]);
    }
    return shown;
  }

  // Layout

  function layOut(view, entries, shape, level, value) {
    const { base, open, close } = shape;
    const indent = repeat(' ', view.indentation);
    if (view.compact === true) {
      if (fits(view, entries, 0, base)) return `${open}${base && ` ${base}`} ${join(entries, ', ')} ${close}`;
      const first = base === '' && open.length === 1 ? ' ' : `${base && ` ${base}`}\n${indent}  `;
      return `${open}${first}${join(entries, `,\n${indent}  `)} ${close}`;
    }
    const before = base && `${base} `;
    if (typeof view.compact === 'number' && view.compact >= 1) {
      const rows = shape.list && entries.length > 6 ? inColumns(view, entries, value) : entries;
      if (view.level - level < view.compact && rows === entries) {
        const start = entries.length + view.indentation + open.length + base.length + 10;
        const line = fits(view, entries, start, base) ? join(entries, ', ') : '\n';
        if (!contains(line, '\n')) return `${before}${open} ${line} ${close}`;
      }
      entries = rows;
    }
    return `${before}${open}\n${indent}  ${join(entries, `,\n${indent}  `)}\n${indent}${close}`;
  }

  function fits(view, entries, start, base) {
    let total = entries.length + start;
    if (total + entries.length > view.breakLength) return false;
    for (let i = 0; i < entries.length; i++) {
      total += entries[i].length;
      if (total > view.breakLength) return false;
    }
    return base === '' || !contains(base, '\n');
  }

  // Many short entries of a list stand in columns, about as wide as high.
  function inColumns(view, entries, value) {
    const count = view.maxArrayLength < entries.length ? entries.length - 1 : entries.length; // less "... more items"
    const widths = list();
    let total = 0;
    let widest = 0;
    for (let i = 0; i < count; i++) {
      push(widths, width(entries[i]));
      total += widths[i] + 2;
      widest = max(widest, widths[i]);
    }
    const column = widest + 2;
    if (column * 3 + view.indentation >= view.breakLength || (total / column <= 5 && widest > 6)) return entries;
    const biased = max(column - 3 - sqrt(column - total / entries.length), 1);
    const wanted = round(sqrt(2.5 * biased * count) / biased);
    const columns = min(wanted, floor((view.breakLength - view.indentation) / column), view.compact * 4, 15);
    if (columns <= 1) return entries;
    const rows = inRows(entries, widths, columns, value !== undefined && !allNumbers(value, entries.length));
    if (count < entries.length) push(rows, entries[count]);
    return rows;
  }

  function allNumbers(value, count) {
    for (let i = 0; i < count; i++) if (typeof value[i] !== 'number' && typeof value[i] !== 'bigint') return false;
    return true;
  }

  function inRows(entries, widths, columns, toTheLeft) {
    const columnWidths = list();
    for (let column = 0; column < columns; column++) {
      let widest = 0;
      for (let i = column; i < widths.length; i += columns) widest = max(widest, widths[i]);
      push(columnWidths, widest + 2);
    }
    const rows = list();
    for (let first = 0; first < widths.length; first += columns) {
      const last = min(first + columns, widths.length) - 1;
      let row = '';
      for (let i = first; i < last; i++) row += padded(`${entries[i]}, `, columnWidths[i - first] - widths[i] - 2, toTheLeft);
      push(rows, row + (toTheLeft ? entries[last] : padded(entries[last], columnWidths[last - first] - 2 - widths[last], false)));
    }
    return rows;
  }

  function padded(text, spaces, toTheLeft) {
    const room = repeat(' ', max(0, spaces));
    return toTheLeft ? text + room : room + text;
  }

  // The two functions

  function inspect(value, options) {
    return formatValue(newView(options), value, 0);
  }

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
      text += i === 0 ? shown : ` ${shown}`;
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
    if (word === 'f') return formatNumber(parseFloatHere(value), false);
    if (typeof value === 'bigint') return formatBigInt(value, false);
    return formatNumber(word === 'd' ? NumberHere(value) : parseIntHere(value), false);
  }

  function formatAsString(value) {
    if (typeof value === 'number') return formatNumber(value, false);
    if (typeof value === 'bigint') return formatBigInt(value, false);
    if (typeof value !== 'object' || value === null || !hasBuiltInToString(value)) return StringHere(value);
    return inspect(value, { __proto__: null, depth: 0 });
  }

  function hasBuiltInToString(value) {
    value = engine.proxyTarget(value) || value;
    if (typeof value[toPrimitive] === 'function') return false;
    if (typeof value.toString !== 'function') return true;
    if (hasOwn(value, 'toString')) return false;
    let at = value;
    for (let steps = 0; steps < 1000 && at !== null && !hasOwn(at, 'toString'); steps++) at = getPrototypeOf(at);
    const own = at === null ? undefined : getOwnPropertyDescriptor(at, 'constructor');
    return own !== undefined && typeof own.value === 'function' && includes(builtInNames, own.value.name);
  }

  function formatAsJson(value) {
    try {
      return `${stringify(value)}`;
    } catch (error) {
      if (contains(messageOf(error), 'circular')) return '[Circular]';
      throw error;
    }
  }

  function lookInside(functions) {
    engine = functions;
  }

  globalThis.__hookd_inspect = { format, inspect, lookInside };
})()
