const YAML = require('yaml');
module.exports = () => {
  const document = YAML.parseDocument('# about\nname: Ann # who\nroles:\n  - admin\n  - user\nbase: &base { a: 1 }\nmore:\n  <<: *base\n  b: 2\n', { merge: true });
  document.setIn(['roles', 1], 'owner');
  document.set('new', { x: [1, 'two: 2'] });
  return [document.toString(), document.toJS(), YAML.parse('- 1\n- ~\n- 0o17\n- 1e3\n- "a\\tb"\n- !!str 5\n'), YAML.stringify({ text: 'a\nb\n', list: [], day: '2020-01-01' }), YAML.parseDocument('a: [1').errors.map((error) => error.code), YAML.parseAllDocuments('a\n---\nb\n').map((one) => one.toJS())];
};
