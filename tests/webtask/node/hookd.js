// What the replaced files of the suite share: a hook is made, and run by its URL, over HTTP.
'use strict';

const { HOOKD_URL, HOOKD_TOKEN, HOOKD_CONTAINER, HOOKD_COMPILER } = process.env;
const own = { Authorization: `Bearer ${HOOKD_TOKEN}`, 'Content-Type': 'application/json' };
let made = 0;

async function call(method, path, headers, body) {
  const answer = await fetch(HOOKD_URL + path, { method, headers, body });
  const text = await answer.text();
  return { status: answer.status, body: text && JSON.parse(text) };
}

async function put(name, webtask) {
  const answer = await call('PUT', `/api/webtask/${HOOKD_CONTAINER}/${name}`, own, JSON.stringify(webtask));
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.message}`);
  return name;
}

// A new webtask for the suite's compiler; its name.
function deploy(code) {
  return put(`suite-${++made}`, { code, meta: { 'wt-compiler': `auth0-ext-compilers/${HOOKD_COMPILER}` } });
}

function setSecrets(name, secrets) {
  return put(name, { secrets });
}

function run(name, method, headers, body) {
  return call(method, `/api/run/${HOOKD_CONTAINER}/${name}`, headers, body);
}

module.exports = { deploy, setSecrets, run, bearer: own.Authorization, isExtension: HOOKD_COMPILER !== 'generic' };
