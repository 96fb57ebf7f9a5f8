// In place of the suite's: the code goes to hookd, as its author wrote it. What the vendor's compiler put before it (the error
// classes) is left out, for hookd has its own.
'use strict';

const { callbackify } = require('util');
const hookd = require('./hookd');

module.exports = callbackify(async function nodejsCompiler(script) {
  module.exports.latest = await hookd.deploy(script.slice(script.indexOf('module.exports')));
  return (ctx, cb) => cb(new Error('it runs in hookd, not here'));
});
