// The text of what is shown by more than its properties: functions, classes, dates, regular expressions, boxed
// primitives.

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
