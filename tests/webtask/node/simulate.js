// In place of the suite's: the hook that was compiled last is called by its URL.
'use strict';

const { callbackify } = require('util');
const hookd = require('./hookd');
const nodejsCompiler = require('./nodejsCompiler');

module.exports = function simulate(ruleFn, options, cb) {
  callbackify(run)(nodejsCompiler.latest, options, cb);
};

async function run(webtask, options) {
  const headers = { ...options.headers, 'Content-Type': 'application/json' };
  if (options.secrets) await hookd.setSecrets(webtask, options.secrets);
  // To the vendor an extension without a secret was public. In hookd it is for who has a token of the tenant.
  else if (hookd.isExtension) headers.authorization = hookd.bearer;
  const answer = await hookd.run(webtask, options.method, headers, JSON.stringify(options.body));
  if (answer.status >= 400) throw Object.assign(new Error(answer.body.message), answer.body);
  return answer.body;
}
