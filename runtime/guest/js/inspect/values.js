// `inspect`, and how it shows any value: what is customary for its kind, or what the value itself says in a custom
// inspect function. What a user's getter, Proxy trap or toString throws while a value is looked at becomes text; what
// a custom inspect function throws is thrown, as in Node.

const inspect = (value, options) => formatValue(newView(options), value, 0);

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
