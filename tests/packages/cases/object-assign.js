const assign = require('object-assign');
module.exports = () => {
  const symbol = Symbol('s');
  const made = assign({ a: 1 }, { b: 2, [symbol]: 3 }, null, undefined, { a: 4, get c() { return 5; } }, 'xy');
  return [made, made[symbol], Object.keys(made)];
};
