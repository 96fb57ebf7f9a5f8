// How console shows values: `format` and `inspect` give what util.format and util.inspect of Node 20 give.
//
// Evaluated once at build time, before any code of a user's. Nothing that a hook does later changes it: every built-in
// is captured here, lists have no prototype (so that no setter on Array.prototype sees them), no iterator is used, and
// no template literal, for QuickJS makes it a call of String.prototype.concat. What a user's getter, Proxy trap or
// toString throws while a value is looked at becomes text; what a custom inspect function throws is thrown, as in Node.
(function () {
  'use strict';
  const { apply } = Reflect;
  const uncurry = Function.prototype.bind.bind(Function.prototype.call);
  const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols } = Object;
  const { getPrototypeOf, is, keys: enumerableNames, setPrototypeOf } = Object;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { isError } = Error;
  const { floor, max, min, round, sqrt } = Math;
  const { stringify } = JSON;
  const { isFinite, isInteger } = Number;
  const { toPrimitive, toStringTag } = Symbol;
  const customSymbol = Symbol.for('nodejs.util.inspect.custom');
  const [toText, toNumber, parseWhole, parseDecimal] = [String, Number, parseInt, parseFloat];
  const [NewRegExp, Bytes] = [RegExp, Uint8Array];

  const methods = (object, ...names) => names.map((name) => uncurry(object[name]));
  const getter = (object, name) => uncurry(getOwnPropertyDescriptor(object, name).get);
  const [hasOwn, isEnumerable, objectToString] =
    methods(Object.prototype, 'hasOwnProperty', 'propertyIsEnumerable', 'toString');
  const [slice, indexOf, contains, startsWith, endsWith] =
    methods(String.prototype, 'slice', 'indexOf', 'includes', 'startsWith', 'endsWith');
  const [charCode, repeat, padStart, upperCase] =
    methods(String.prototype, 'charCodeAt', 'repeat', 'padStart', 'toUpperCase');
  const [functionToString] = methods(Function.prototype, 'toString');
  const [errorToString] = methods(Error.prototype, 'toString');
  const [symbolToString] = methods(Symbol.prototype, 'toString');
  const [toRadix] = methods(Number.prototype, 'toString');
  const [regExpToString, exec] = methods(RegExp.prototype, 'toString', 'exec');
  const [dateToISOString, dateValue] = methods(Date.prototype, 'toISOString', 'getTime');
  const [sort] = methods(Array.prototype, 'sort');
  const [weakMapHas] = methods(WeakMap.prototype, 'has');
  const [weakSetHas] = methods(WeakSet.prototype, 'has');
  const [mapEntries] = methods(Map.prototype, 'entries');
  const [setValues] = methods(Set.prototype, 'values');
  const [nextOfMap] = methods(getPrototypeOf(new Map().entries()), 'next');
  const [nextOfSet] = methods(getPrototypeOf(new Set().values()), 'next');
  const mapSize = getter(Map.prototype, 'size');
  const setSize = getter(Set.prototype, 'size');
  const typedArrayName = getter(getPrototypeOf(Uint8Array.prototype), toStringTag);
  const typedArrayLength = getter(getPrototypeOf(Uint8Array.prototype), 'length');

  // What only the engine knows. Until `lookInside` gives it, a promise is shown as pending, and a Proxy is not seen to
  // be one: it is shown by what its traps answer.
  let engine = {
    promiseState: (value) => (getPrototypeOf(value) === null ? -1 : 0), // 1 fulfilled, 2 rejected, -1 no promise
    promiseResult: (value) => undefined,
    proxyTarget: (value) => undefined, // undefined: no Proxy, null: a revoked one
    proxyHandler: (value) => undefined,
  };

  // Lists

  const list = () => setPrototypeOf([], null);

  function push(items, item) {
    items[items.length] = item;
  }

  function pushAll(items, more) {
    for (let i = 0; i < more.length; i++) items[items.length] = more[i];
    return items;
  }

  // Counts from 1; 0 when the item is not there.
  function placeOf(items, item) {
    for (let i = 0; i < items.length; i++) if (items[i] === item) return i + 1;
    return 0;
  }

  function join(items, separator) {
    let text = '';
    for (let i = 0; i < items.length; i++) text += i === 0 ? items[i] : separator + items[i];
    return text;
  }

  // The names by which Node knows that a class is not the user's.
  const builtInNames = list();
  for (const name of getOwnPropertyNames(globalThis)) if (name[0] >= 'A' && name[0] <= 'Z') push(builtInNames, name);

  // Text

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

  // Primitives

  function formatNumber(number, separated) {
    if (is(number, -0)) return '-0';
    const text = '' + number;
    if (!separated || !isFinite(number) || contains(text, 'e')) return text;
    const point = indexOf(text, '.');
    if (point === -1) return inThousands(text);
    return inThousands(slice(text, 0, point)) + '.' + decimalsInThousands(slice(text, point + 1));
  }

  function formatBigInt(number, separated) {
    const text = '' + number;
    return (separated ? inThousands(text) : text) + 'n';
  }

  function inThousands(digits) {
    const first = digits[0] === '-' ? 1 : 0;
    let end = digits.length;
    let result = '';
    for (; end >= first + 4; end -= 3) result = '_' + slice(digits, end - 3, end) + result;
    return slice(digits, 0, end) + result;
  }

  function decimalsInThousands(digits) {
    let result = '';
    let at = 0;
    for (; at < digits.length - 3; at += 3) result += slice(digits, at, at + 3) + '_';
    return result + slice(digits, at);
  }

  function formatString(view, text) {
    let trailer = '';
    if (text.length > view.maxStringLength) {
      const left = text.length - view.maxStringLength;
      text = slice(text, 0, view.maxStringLength);
      trailer = '... ' + plural(left, 'more character');
    }
    if (view.compact === true || text.length <= 16 || text.length <= view.breakLength - view.indentation - 4) {
      return quoted(text) + trailer;
    }
    const parts = lines(text);
    const shown = list();
    for (let i = 0; i < parts.length; i++) {
      if (i < parts.length - 1) push(shown, quoted(parts[i] + '\n'));
      else if (parts[i] !== '' || i === 0) push(shown, quoted(parts[i]));
    }
    return join(shown, ' +\n' + repeat(' ', view.indentation + 2)) + trailer;
  }

  const isPrimitive = (value) => value === null || (typeof value !== 'object' && typeof value !== 'function');

  function formatPrimitive(view, value) {
    switch (typeof value) {
      case 'string': return formatString(view, value);
      case 'number': return formatNumber(value, view.numericSeparator);
      case 'bigint': return formatBigInt(value, view.numericSeparator);
      case 'symbol': return symbolToString(value);
      default: return '' + value;
    }
  }

  // Kinds: what a value really is, whatever its prototype and its Symbol.toStringTag say, and how that is shown. A kind
  // is looked for only where the prototypes suggest it, or where there are none: a test that fails costs an exception.
  //   silent     the class is not named when it is the kind itself
  //   sizeOf     the number in the prefix
  //   isList     the entries have no names; they stand in brackets, in columns
  //   keysOf     the keys, when they are not simply the object's own
  //   baseOf     the text before the braces, all there is when there are no keys
  //   elements   pushes the entries before the keys

  const kinds = { __proto__: null };
  const branded = list();
  const { prototype: errorPrototype } = Error;
  const { prototype: objectPrototype } = Object;
  const no = list();

  function kindOf(value) {
    if (typeof value === 'function') return kinds.Function;
    if (isArray(value)) return kinds.Array;
    const chain = prototypesOf(value);
    if (isError(value) || placeOf(chain, errorPrototype) > 0) return kinds.Error;
    if (isView(value)) return typedArrayName(value) === undefined ? kinds.DataView : kinds.TypedArray;
    for (let i = 0; i < branded.length && chain[0] !== objectPrototype; i++) {
      const { prototype, test } = branded[i];
      if ((chain.length === 0 || placeOf(chain, prototype) > 0) && passes(test, value)) return branded[i];
    }
    return objectToString(value) === '[object Arguments]' ? kinds.Arguments : kinds.Object;
  }

  function passes(test, value) {
    try {
      return test(value) !== no;
    } catch {
      return false;
    }
  }

  // Bounded, for a Proxy can make up prototypes without end.
  function prototypesOf(value) {
    const chain = list();
    for (let at = getPrototypeOf(value); at !== null && chain.length < 100; at = getPrototypeOf(at)) push(chain, at);
    return chain;
  }

  // Names

  // The name of the class of a value; null when it has no prototype. `inherited` collects what showHidden shows of the
  // prototypes.
  function constructorName(view, value, level, inherited) {
    const chain = prototypesOf(value);
    for (let i = -1; i < chain.length; i++) {
      const name = ownClassName(i < 0 ? value : chain[i], chain);
      if (name === '') continue;
      if (inherited !== undefined) inheritedKeys(value, chain, inherited);
      return name;
    }
    if (chain.length === 0) return null;
    const { name } = kindOf(value);
    if (level > view.depth && view.depth !== null) return name + ' <Complex prototype>';
    const above = constructorName(view, chain[0], level + 1);
    if (above !== null) return name + ' <' + above + '>';
    const inner = { __proto__: view, customInspect: false, depth: -1, indentation: 0, path: list(), circular: list() };
    return name + ' <' + formatValue(inner, chain[0], 0) + '>';
  }

  // The name of the class whose `prototype` this is and which is among the prototypes of the value; '' for none.
  function ownClassName(prototype, chain) {
    const Class = dataOf(prototype, 'constructor');
    return typeof Class === 'function' && placeOf(chain, Class.prototype) > 0 ? toText(Class.name) : '';
  }

  const isBuiltIn = (Class) => typeof Class === 'function' && placeOf(builtInNames, Class.name) > 0;

  // Up to three prototypes, until one is built in: what is not a method, with the value that the object itself has.
  function inheritedKeys(value, chain, inherited) {
    for (let i = 0; i < 3 && i < chain.length; i++) {
      if (isBuiltIn(dataOf(chain[i], 'constructor'))) return;
      const keys = keysOf(chain[i], true);
      for (let k = 0; k < keys.length; k++) {
        const key = keys[k];
        const isKnown = key === 'constructor' || hasOwn(value, key) || typeof dataOf(chain[i], key) === 'function';
        if (!isKnown) push(inherited, { __proto__: null, key, property: getOwnPropertyDescriptor(chain[i], key) });
      }
    }
  }

  function prefixOf(constructor, tag, fallback, size = '') {
    if (constructor === null) {
      return '[' + fallback + size + ': null prototype] ' + (tag !== '' && fallback !== tag ? '[' + tag + '] ' : '');
    }
    return constructor + size + ' ' + (tag !== '' && constructor !== tag ? '[' + tag + '] ' : '');
  }

  // Symbol.toStringTag, unless it is shown as a key anyway.
  function tagOf(view, value) {
    const tag = value[toStringTag];
    if (typeof tag !== 'string' || tag === '') return '';
    return (view.showHidden ? hasOwn : isEnumerable)(value, toStringTag) ? '' : tag;
  }

  // Keys and properties

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
    const view = {
      __proto__: defaults,
      own: typeof options === 'object' && options !== null ? options : {},
      indentation: 0,
      level: 0, // of what was begun last
      path: list(), // the objects that we are in
      circular: list(), // those that were met again
      written: 0,
      isCustomRunning: false,
    };
    for (const name in defaults) if (hasOwn(view.own, name)) view[name] = view.own[name];
    if (typeof options === 'boolean') view.showHidden = options;
    if (view.maxArrayLength === null) view.maxArrayLength = 1 / 0;
    if (view.maxStringLength === null) view.maxStringLength = 1 / 0;
    return view;
  }

  // The options as a user's own inspect function gets them.
  function optionsOf(view) {
    const options = {};
    for (const name in defaults) define(options, name, view[name]);
    const names = enumerableNames(view.own);
    for (let i = 0; i < names.length; i++) if (!(names[i] in defaults)) define(options, names[i], view.own[names[i]]);
    define(options, 'stylize', toText);
    return options;
  }

  function define(object, name, value) {
    defineProperty(object, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  }

  // Values

  function formatValue(view, value, level, bare) {
    if (isPrimitive(value)) return formatPrimitive(view, value);
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
      if (view.isCustomRunning) throw error;
      view.indentation = indentation;
      view.path.length = depth;
      return isStackOverflow(error)
        ? '[' + (isArray(value) ? 'Array' : 'Object') + ': Inspection interrupted prematurely. ' + tooManyCalls + '.]'
        : '<Inspection threw (' + messageOf(error) + ')>';
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
    view.isCustomRunning = true;
    const shown = apply(custom, given, [view.depth === null ? null : view.depth - level, optionsOf(view), inspect]);
    view.isCustomRunning = false;
    if (shown === given) return formatKnown(view, value, level);
    return indented(typeof shown === 'object' ? formatValue(view, shown, level) : toText(shown), view.indentation);
  }

  const tooManyCalls = 'Maximum call stack size exceeded';

  function isStackOverflow(error) {
    if (!isError(error)) return false;
    const message = getOwnPropertyDescriptor(error, 'message');
    return message !== undefined && message.value === tooManyCalls;
  }

  function messageOf(error) {
    try {
      return toText(isError(error) ? error.message : error);
    } catch {
      return 'something that is no text';
    }
  }

  function formatKnown(view, value, level, bare) {
    if (placeOf(view.path, value) === 0) return formatObject(view, value, level, bare);
    if (placeOf(view.circular, value) === 0) push(view.circular, value);
    return '[Circular *' + placeOf(view.circular, value) + ']';
  }

  function formatProxy(view, target, handler, level) {
    if (view.depth !== null && level > view.depth) return 'Proxy [Array]';
    const entries = list();
    view.indentation += 2;
    push(entries, formatValue(view, target, level + 1));
    push(entries, formatValue(view, handler, level + 1));
    view.indentation -= 2;
    const shape = { __proto__: null, base: '', open: 'Proxy [', close: ']', isList: true };
    return layOut(view, entries, shape, level + 1, undefined);
  }

  function formatObject(view, value, level, bare) {
    const within = view.depth === null || !(level > view.depth);
    const inherited = list();
    const constructor = constructorName(view, value, level, view.showHidden && within ? inherited : undefined);
    const tag = tagOf(view, value);
    const kind = kindOf(value);
    const shape = shapeOf(view, value, kind, constructor, tag);
    if (shape.isWhole && inherited.length === 0) return shape.base || shape.open + shape.close;
    if (!within) return kind === kinds.RegExp ? shape.base : tooDeep(kind, constructor, tag);
    const entries = entriesOf(view, value, level + 1, bare ? undefined : kind.elements, shape, inherited);
    const reference = placeOf(view.circular, value);
    if (reference > 0) addReference(view, shape, '<ref *' + reference + '>');
    const text = layOut(view, view.sorted ? inOrder(view, entries, shape) : entries, shape, level + 1, value);
    view.written += text.length;
    if (view.written > 4194304) view.depth = -1;
    return text;
  }

  // What stands around the entries. `isWhole`: there are none.
  function shapeOf(view, value, kind, constructor, tag) {
    const { isList, baseOf, sizeOf, elements } = kind;
    const size = sizeOf === undefined ? undefined : sizeOf(value);
    const keys = kind.keysOf(value, view.showHidden, size);
    const name = kind === kinds.TypedArray ? typedArrayName(value) : kind.name;
    let prefix = prefixOf(constructor, tag, name, size === undefined ? '' : '(' + size + ')');
    if (kind.silent && constructor === name && tag === '') prefix = '';
    if (kind === kinds.Arguments && constructor === 'Object') prefix = '[Arguments] ';
    const base = baseOf === undefined ? '' : baseOf(view, value, prefix, constructor, tag);
    const hasElements = elements !== undefined && (size !== 0 || (view.showHidden && kind === kinds.TypedArray));
    const open = (baseOf === undefined ? prefix : '') + (isList ? '[' : '{');
    const isWhole = keys.length === 0 && !hasElements;
    return { __proto__: null, keys, isList, base, open, close: isList ? ']' : '}', isWhole };
  }

  function tooDeep(kind, constructor, tag) {
    const name = slice(prefixOf(constructor, tag, kind === kinds.Array ? 'Array' : 'Object'), 0, -1);
    return constructor === null ? name : '[' + name + ']';
  }

  function entriesOf(view, value, level, elements, { keys, isList }, inherited) {
    const entries = list();
    push(view.path, value);
    view.level = level;
    if (elements !== undefined) elements(view, value, level, entries);
    for (let i = 0; i < keys.length; i++) {
      push(entries, formatNamed(view, value, level, keys[i], propertyOf(value, keys[i]), isList));
    }
    for (let i = 0; i < inherited.length; i++) {
      push(entries, formatNamed(view, value, level, inherited[i].key, inherited[i].property, false));
    }
    view.path.length--;
    return entries;
  }

  function addReference(view, shape, reference) {
    if (view.compact === true) shape.open = reference + ' ' + shape.open;
    else shape.base = shape.base === '' ? reference : reference + ' ' + shape.base;
  }

  function inOrder(view, entries, shape) {
    const first = shape.isList ? entries.length - shape.keys.length : 0;
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

  // Elements

  const shownOf = (view, count) => min(max(0, view.maxArrayLength), count);

  function pushMore(entries, count, shown) {
    if (count > shown) push(entries, '... ' + plural(count - shown, 'more item'));
  }

  function arrayElements(view, value, level, entries) {
    const { length } = value;
    const shown = shownOf(view, length);
    for (let i = 0; i < shown; i++) {
      if (!hasOwn(value, i)) return sparseElements(view, value, level, entries, shown, i);
      push(entries, formatContent(view, value, level, propertyOf(value, i), 2));
    }
    pushMore(entries, length, shown);
  }

  // From the first hole on; a run of holes counts as one entry.
  function sparseElements(view, value, level, entries, shown, index) {
    const names = enumerableNames(value);
    for (let i = index; i < names.length && entries.length < shown && isIndex(names[i]); i++) {
      const next = +names[i];
      if (next > index) push(entries, '<' + plural(next - index, 'empty item') + '>');
      index = next;
      if (entries.length === shown) break;
      push(entries, formatContent(view, value, level, propertyOf(value, index++), 2));
    }
    const { length } = value;
    if (entries.length === shown) pushMore(entries, length, index);
    else if (length > index) push(entries, '<' + plural(length - index, 'empty item') + '>');
  }

  function typedElements(view, value, level, entries) {
    const length = typedArrayLength(value);
    const shown = shownOf(view, length);
    for (let i = 0; i < shown; i++) push(entries, formatPrimitive(view, value[i]));
    pushMore(entries, length, shown);
    if (!view.showHidden) return;
    const names = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];
    for (let i = 0; i < 5; i++) {
      push(entries, '[' + names[i] + ']: ' + formatInside(view, value[names[i]], level, 2, true));
    }
  }

  function setElements(view, value, level, entries) {
    const size = setSize(value);
    const shown = shownOf(view, size);
    const values = setValues(value);
    for (let i = 0; i < shown; i++) push(entries, formatInside(view, nextOfSet(values).value, level, 2));
    pushMore(entries, size, shown);
  }

  function mapElements(view, value, level, entries) {
    const size = mapSize(value);
    const shown = shownOf(view, size);
    const pairs = mapEntries(value);
    view.indentation += 2;
    for (let i = 0; i < shown; i++) {
      const pair = nextOfMap(pairs).value;
      push(entries, formatValue(view, pair[0], level) + ' => ' + formatValue(view, pair[1], level));
    }
    pushMore(entries, size, shown);
    view.indentation -= 2;
  }

  function bufferElements(view, value, level, entries) {
    const bytes = new Bytes(value);
    const shown = shownOf(view, typedArrayLength(bytes));
    let text = '';
    for (let i = 0; i < shown; i++) text += (i === 0 ? '' : ' ') + hexByte(bytes[i]);
    const left = typedArrayLength(bytes) - shown;
    if (left > 0) text += ' ... ' + plural(left, 'more byte');
    push(entries, '[Uint8Contents]: <' + text + '>');
  }

  function promiseElements(view, value, level, entries) {
    const state = engine.promiseState(value);
    if (state === 0) return push(entries, '<pending>');
    const text = formatInside(view, engine.promiseResult(value), level, 2);
    push(entries, state === 2 ? '<rejected> ' + text : text);
  }

  function unknownElements(view, value, level, entries) {
    push(entries, '<items unknown>');
  }

  // Bases

  function regExpBase(view, value, prefix, constructor) {
    return prefix + regExpToString(constructor === null ? new NewRegExp(value) : value);
  }

  function dateBase(view, value, prefix) {
    return prefix + (is(dateValue(value), NaN) ? 'Invalid Date' : dateToISOString(value));
  }

  function boxedBase(type, valueOf) {
    return (view, value, prefix, constructor, tag) => {
      const Class = constructor === null ? 'null prototype' : constructor;
      const name = constructor === type ? type : type + ' (' + Class + ')';
      const inner = formatPrimitive({ __proto__: defaults, indentation: 0 }, valueOf(value));
      return '[' + name + ': ' + inner + ']' + (tag !== '' && tag !== constructor ? ' [' + tag + ']' : '');
    };
  }

  function functionBase(view, value, prefix, constructor, tag) {
    if (isClass(functionToString(value))) return classBase(value, constructor, tag);
    const type = functionType(value);
    const { name } = value;
    let base = '[' + type + (constructor === null ? ' (null prototype)' : '');
    base += name === '' ? ' (anonymous)]' : ': ' + (typeof name === 'string' ? name : messageOf(name)) + ']';
    if (constructor !== type && constructor !== null) base += ' ' + constructor;
    return tag !== '' && constructor !== tag ? base + ' [' + tag + ']' : base;
  }

  function isClass(source) {
    const head = slice(source, 0, indexOf(source, '{'));
    return startsWith(source, 'class') && endsWith(source, '}') && !contains(head, '(');
  }

  const functionTypes = list();
  push(functionTypes, getPrototypeOf(async () => {}));
  push(functionTypes, getPrototypeOf(function* () {}));
  push(functionTypes, getPrototypeOf(async function* () {}));

  function functionType(value) {
    const chain = prototypesOf(value);
    if (placeOf(chain, functionTypes[0]) > 0) return 'AsyncFunction';
    if (placeOf(chain, functionTypes[1]) > 0) return 'GeneratorFunction';
    return placeOf(chain, functionTypes[2]) > 0 ? 'AsyncGeneratorFunction' : 'Function';
  }

  function classBase(value, constructor, tag) {
    const name = hasOwn(value, 'name') && value.name ? messageOf(value.name) : '(anonymous)';
    let base = 'class ' + name;
    if (constructor !== 'Function' && constructor !== null) base += ' [' + constructor + ']';
    if (tag !== '' && constructor !== tag) base += ' [' + tag + ']';
    if (constructor === null) return '[' + base + ' extends [null prototype]]';
    const above = getPrototypeOf(value).name;
    return above ? '[' + base + ' extends ' + messageOf(above) + ']' : '[' + base + ']';
  }

  // Errors

  function stackOf(error) {
    const { stack } = error;
    const text = stack ? toText(stack) : errorToString(error);
    return endsWith(text, '\n') ? slice(text, 0, -1) : text;
  }

  function errorKeys(error, hidden) {
    const own = keysOf(error, hidden);
    const stack = stackOf(error);
    const keys = list();
    for (let i = 0; i < own.length; i++) if (hidden || !isToldBy(stack, error, own[i])) push(keys, own[i]);
    if ('cause' in error && placeOf(keys, 'cause') === 0) push(keys, 'cause');
    if (isArray(error.errors) && placeOf(keys, 'errors') === 0) push(keys, 'errors');
    return keys;
  }

  function isToldBy(stack, error, key) {
    if (key !== 'name' && key !== 'message' && key !== 'stack') return false;
    return typeof error[key] === 'string' && contains(stack, error[key]);
  }

  function errorBase(view, error, prefix, constructor, tag) {
    const name = error.name === undefined || error.name === null ? 'Error' : toText(error.name);
    const text = withClassName(stackOf(error), constructor, name, tag);
    const message = error.message ? toText(error.message) : '';
    const from = message === '' ? -1 : indexOf(text, message);
    const frames = indexOf(text, '\n    at', from === -1 ? 0 : from + message.length);
    if (frames === -1) return indented('[' + text + ']', view.indentation);
    const shown = withoutCauseFrames(error, lines(slice(text, frames + 1)));
    return indented(slice(text, 0, frames) + '\n' + join(shown, '\n'), view.indentation);
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
    if (!contains(prefix, name)) return prefix + ' [' + name + ']' + slice(stack, length);
    return length === 0 ? prefix + ': ' + stack : prefix + slice(stack, length);
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
    const most = min(frames.length - at, theirs.length - offset);
    let same = 1;
    while (same < most && frames[at + same] === theirs[offset + same]) same++;
    return same;
  }

  function withSkipped(frames, from, count) {
    const shown = list();
    for (let i = 0; i < frames.length; i++) {
      if (i === from) push(shown, '    ... ' + count + ' lines matching cause stack trace ...');
      if (i < from || i >= from + count) push(shown, frames[i]);
    }
    return shown;
  }

  // The kinds

  const noKind = {
    __proto__: null, silent: false, isList: false, sizeOf: undefined, keysOf, baseOf: undefined, elements: undefined,
  };

  const kind = (name, more) => (kinds[name] = { __proto__: noKind, name, ...more });

  function brandedKind(Class, test, more) {
    push(branded, kind(Class.name, { prototype: Class.prototype, test, ...more }));
  }

  const dataViewKeys = ['byteLength', 'byteOffset', 'buffer'];
  kind('Object', { silent: true });
  kind('Arguments');
  kind('Function', { baseOf: functionBase });
  kind('Error', { keysOf: errorKeys, baseOf: errorBase });
  const lengthOf = ({ length }) => length;
  kind('Array', { silent: true, isList: true, sizeOf: lengthOf, keysOf: otherKeys, elements: arrayElements });
  kind('TypedArray', { isList: true, sizeOf: typedArrayLength, keysOf: otherKeys, elements: typedElements });
  kind('DataView', { keysOf: (value, hidden) => withFirst(dataViewKeys, keysOf(value, hidden)) });
  brandedKind(Map, mapSize, { sizeOf: mapSize, elements: mapElements });
  brandedKind(Set, setSize, { sizeOf: setSize, elements: setElements });
  brandedKind(Date, dateValue, { silent: true, baseOf: dateBase });
  brandedKind(RegExp, getter(RegExp.prototype, 'source'), { silent: true, baseOf: regExpBase });
  brandedKind(Promise, (value) => (engine.promiseState(value) < 0 ? no : true), { elements: promiseElements });
  brandedKind(WeakMap, (value) => weakMapHas(value, kinds), { elements: unknownElements });
  brandedKind(WeakSet, (value) => weakSetHas(value, kinds), { elements: unknownElements });
  for (const Class of [ArrayBuffer, SharedArrayBuffer]) {
    const byteLength = (value, hidden) => withFirst(['byteLength'], keysOf(value, hidden));
    brandedKind(Class, getter(Class.prototype, 'byteLength'), { keysOf: byteLength, elements: bufferElements });
  }
  for (const Class of [Number, String, Boolean, BigInt, Symbol]) {
    const valueOf = uncurry(Class.prototype.valueOf);
    const baseOf = boxedBase(Class.name, valueOf);
    brandedKind(Class, valueOf, { baseOf, keysOf: Class === String ? otherKeys : keysOf });
  }

  // Layout

  function layOut(view, entries, shape, level, value) {
    const { base, open, close } = shape;
    const indent = repeat(' ', view.indentation);
    if (view.compact === true) {
      if (fits(view, entries, 0, base)) return open + (base && ' ' + base) + ' ' + join(entries, ', ') + ' ' + close;
      const first = base === '' && open.length === 1 ? ' ' : (base && ' ' + base) + '\n' + indent + '  ';
      return open + first + join(entries, ',\n' + indent + '  ') + ' ' + close;
    }
    const before = base && base + ' ';
    if (typeof view.compact === 'number' && view.compact >= 1) {
      const rows = shape.isList && entries.length > 6 ? inColumns(view, entries, value) : entries;
      if (view.level - level < view.compact && rows === entries) {
        const start = entries.length + view.indentation + open.length + base.length + 10;
        const line = fits(view, entries, start, base) ? join(entries, ', ') : '\n';
        if (!contains(line, '\n')) return before + open + ' ' + line + ' ' + close;
      }
      entries = rows;
    }
    return before + open + '\n' + indent + '  ' + join(entries, ',\n' + indent + '  ') + '\n' + indent + close;
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
    for (let i = 0; i < count; i++) {
      push(widths, width(entries[i]) + 2);
      total += widths[i];
    }
    const widest = widestOf(widths, 0, 1);
    if (widest * 3 + view.indentation >= view.breakLength || (total / widest <= 5 && widest > 8)) return entries;
    const usual = max(widest - 3 - sqrt(widest - total / entries.length), 1);
    const square = round(sqrt(2.5 * usual * count) / usual);
    const columns = min(square, floor((view.breakLength - view.indentation) / widest), view.compact * 4, 15);
    if (columns <= 1) return entries;
    const rows = inRows(entries, widths, columns, value === undefined || allNumbers(value, entries.length));
    if (count < entries.length) push(rows, entries[count]);
    return rows;
  }

  function allNumbers(value, count) {
    for (let i = 0; i < count; i++) if (typeof value[i] !== 'number' && typeof value[i] !== 'bigint') return false;
    return true;
  }

  function widestOf(widths, first, step) {
    let widest = 0;
    for (let i = first; i < widths.length; i += step) widest = max(widest, widths[i]);
    return widest;
  }

  // Numbers are aligned to the right. `widths` count the comma and space behind each entry.
  function inRows(entries, widths, columns, toTheRight) {
    const columnWidths = list();
    for (let i = 0; i < columns; i++) push(columnWidths, widestOf(widths, i, columns));
    const rows = list();
    for (let first = 0; first < widths.length; first += columns) {
      const end = min(first + columns, widths.length);
      let row = '';
      for (let i = first; i < end; i++) {
        const room = repeat(' ', columnWidths[i - first] - widths[i]);
        const entry = i === end - 1 ? entries[i] : entries[i] + ', ';
        row += toTheRight ? room + entry : i === end - 1 ? entry : entry + room;
      }
      push(rows, row);
    }
    return rows;
  }

  // The two functions

  const inspect = (value, options) => formatValue(newView(options), value, 0);

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

  function lookInside(functions) {
    engine = functions;
  }

  globalThis.__hookd_inspect = { format, inspect, lookInside };
})()
