// Roles from a service, with the fetch of before Node had one.
const fetch = require('node-fetch');

module.exports = async (client, scope, audience, context, cb) => {
  const { SITE } = context.webtask.secrets;
  const response = await fetch(`${SITE}/roles.json`, { headers: { 'X-Token': 'key' }, timeout: 3000 });
  if (!response.ok) return cb(new Error(response.statusText));
  const roles = await response.json();
  const posted = await (await fetch(`${SITE}/echo`, { method: 'POST', body: new URLSearchParams({ id: client.id }) })).json();
  const moved = await fetch(`${SITE}/moved`);
  cb(null, { scope: [...scope, ...roles.map(({ name }) => name)], 'https://example.com/body': posted.body, 'https://example.com/text': await moved.text() });
};
