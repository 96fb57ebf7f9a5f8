const escape = require('escape-string-regexp').default;
module.exports = () => {
  const text = 'How much $ for a (unicorn) [x-y]? {1|2}^.*+\\';
  return [escape(text), new RegExp(`^${escape(text)}$`, 'u').test(text), new RegExp(escape('a-b')).test('a-b')];
};
