const yaml = require('js-yaml');
module.exports = () => {
  const read = yaml.load('users: &all\n  - name: Ann\n    roles: [admin, user]\n    since: "2020-01-02"\n  - {name: Bob, age: 0x1F, ok: true, none: ~}\ntext: |\n  one\n  two\nfolded: >-\n  a\n  b\nagain: *all\n');
  let wrong;
  try {
    yaml.load('a: [1, 2');
  } catch (error) {
    wrong = [error.name, error.mark.line];
  }
  return [read, yaml.dump({ b: [1, { c: 'x: y' }], a: 'multi\nline', t: true, n: null, e: '' }, { sortKeys: true }), wrong];
};
