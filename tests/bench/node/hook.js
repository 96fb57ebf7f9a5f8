'use strict';
// The hook under measurement as every reference runs it: one expression whose value takes the request's JSON and gives
// the answer's JSON, so that parsing and serializing happen inside whatever isolates it, as they do in hookd.

const fs = require('node:fs');
const path = require('node:path');

const source = fs.readFileSync(path.join(__dirname, '..', 'data', 'hook.js'), 'utf8');

exports.program = `(function () {
  const module = { exports: {} };
  ${source}
  return function (json) {
    const body = JSON.parse(json);
    let answer;
    const cb = (error, token) => { answer = JSON.stringify(error ? { error: String(error) } : { token }); };
    module.exports(body.client, body.scope, body.audience, body.context, cb);
    return answer;
  };
})()`;
