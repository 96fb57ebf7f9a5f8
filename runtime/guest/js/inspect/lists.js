// Lists without a prototype, and what is done with them: the methods of Array.prototype are a user's to change.

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
