const debug = require('debug');
const { format } = require('util');
module.exports = () => {
  const lines = [];
  debug.enable('login:*,-login:noise');
  debug.log = (...words) => lines.push(format(...words).replace(/^\S+Z /, '').replace(/\x1b\[[\d;]*m/g, '').replace(/\s*\+\d+ms/, ''));
  const of = debug('login:rules');
  of('user %s has %d roles and %j', 'ann', 2, { a: [1] });
  debug('login:noise')('never');
  debug('other')('never');
  of.extend('deep')('well');
  return [lines, of.enabled, debug.enabled('login:noise'), debug.humanize(90000), debug.disable()];
};
