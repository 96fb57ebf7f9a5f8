// What a program does with sandboxjs: each step's result, as one JSON object.
'use strict';

const Sandbox = require('sandboxjs');

const [url, token] = process.argv.slice(2);
const code = 'module.exports = (ctx, cb) => cb(null, { secret: ctx.secrets.KEY, params: ctx.params, data: ctx.data });';

async function steps(sandbox) {
  const made = await sandbox.createWebtask({ name: 'put', code, secrets: { KEY: 'old' }, meta: { color: 'red' } });
  const updated = await sandbox.updateWebtask({ name: 'put', secrets: { KEY: 'new' } });
  const issued = await sandbox.create(code, { name: 'issued', params: { p: 'q' }, merge: true, parse: 1 });
  const ran = await issued.run({ method: 'post', body: { a: 1 }, query: { z: '1' } });
  const result = {
    made: made.toJSON().name,
    updated: updated.url,
    ranUpdated: (await made.run()).body,
    ranIssued: ran.body,
    listed: (await sandbox.listWebtasks({ meta: { color: 'red' } })).map((webtask) => webtask.claims.jtn),
    inspected: await issued.inspect({ decrypt: true, fetch_code: true, meta: true }),
    removed: await issued.remove(),
  };
  result.gone = await sandbox.getWebtask({ name: 'issued' }).catch((error) => [error.statusCode, error.message]);
  return result;
}

steps(Sandbox.init({ url, token, container: 'acme' })).then((result) => console.log(JSON.stringify(result)));
