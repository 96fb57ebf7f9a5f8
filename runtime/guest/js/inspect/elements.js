// What a value has within beside properties, by kind: the elements of arrays, maps and sets, the bytes of buffers, the
// result of a promise. Each function pushes entries.

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
