// What stands before an object's braces: the name of its class, as far as its prototypes tell, and its
// Symbol.toStringTag.

// The names by which Node knows that a class is not the user's.
const builtInNames = list();
for (const name of getOwnPropertyNames(globalThis)) if (name[0] >= 'A' && name[0] <= 'Z') push(builtInNames, name);

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
