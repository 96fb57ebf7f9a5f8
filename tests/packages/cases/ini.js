const ini = require('ini');
module.exports = () => {
  const read = ini.parse('; comment\nscope = global\n[database]\nuser=dbuser\nport = 5432\n[paths.default]\ndatadir = "/var/lib/data"\narray[] = first\narray[] = second\nok = true\nempty =\n');
  return [read, ini.stringify({ a: 1, section: { b: 'x;y', list: ['p', 'q'], sub: { c: true } } }, { whitespace: true }), ini.safe('"a;b"'), ini.unsafe('"x=y"')];
};
