// Numbers, strings and whatever else is no object, as `inspect` shows them.

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
