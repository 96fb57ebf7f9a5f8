// How entries become one text: on one line when they fit, in columns when they are many and short, else each on a line
// of its own.

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
