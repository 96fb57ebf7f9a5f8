// Evaluates every module at build time. What it returns makes them known: that is called where requests look for things.
'use strict';
const { apply, defineProperty, ownKeys } = Reflect;
const { getOwnPropertyDescriptors } = Object;
const { startsWith, slice } = native.text;
const ErrorHere = Error;
const made = { __proto__: null };
const isPublic = { __proto__: null };
const needsNode = { __proto__: null };
let primordials = {};
const process = {}; // node/process.js fills it

function load(name) {
  if (name in made) return made[name].exports;
  const module = made[name] = { exports: name === 'process' ? process : {}, id: name };
  if (name in OURS) apply(OURS[name], undefined, [module.exports, load, module, native]);
  else if (name in THEIRS) apply(THEIRS[name], undefined, [module.exports, load, module, process, binding, primordials]);
  else throw new ErrorHere(`Node's ${name} is not part of this engine`);
  return module.exports;
}

function binding(name) {
  const found = load('internal/bindings')[name];
  if (found === undefined) throw new ErrorHere(`Node's ${name} is not part of this engine`);
  return found;
}

// The hook's, which may ask for anything.
function require(name) {
  if (typeof name !== 'string') throw new (load('internal/errors').codes.ERR_INVALID_ARG_TYPE)('id', 'string', name);
  const bare = startsWith(name, 'node:') ? slice(name, 5) : name;
  if (bare in isPublic) return made[bare].exports;
  const why = bare in needsNode
    ? "It is Node's own and needs Node itself: engine = \"node\"."
    : "npm modules have to be in the hook's dependencies.";
  const error = new ErrorHere("Cannot find module '" + name + "'. " + why);
  error.code = 'MODULE_NOT_FOUND';
  throw error;
}

load('internal/per_context/primordials');
load('process');
for (const name of PUBLIC) {
  load(name);
  isPublic[name] = true;
}
for (const name in THEIRS) load(name);
load('internal/crypto/keys'), load('internal/crypto/util'), load('internal/file'); // which Node's require when they need them
native.received = load('internal/errors').determineSpecificType;
for (const name of NEEDS_NODE) needsNode[name] = true;
const globals = getOwnPropertyDescriptors(load('globals'));
// Nothing else is evaluated; what these name is most of the engine's table of names.
OURS = THEIRS = { __proto__: null };
primordials = null;


return function install() {
  for (const name of ownKeys(globals)) {
    const { value, get, set } = globals[name];
    const kept = get ? { get, set } : { value, writable: true };
    defineProperty(globalThis, name, { __proto__: null, ...kept, configurable: true, enumerable: false });
  }
  defineProperty(globalThis, 'require', { __proto__: null, value: require, writable: true, configurable: true, enumerable: false });
  return ownKeys(globals);
};
