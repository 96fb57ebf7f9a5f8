// Errors: the stack with the class's name set right, the causes, and which keys the stack does not tell already; and
// the message of whatever was thrown.

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
