// An id that follows the request through other services.
const { v4, v5, validate } = require('uuid');

module.exports = async (client, scope, audience, context, cb) => {
  const id = v4();
  const response = await fetch(`${context.webtask.secrets.SITE}/echo`, { method: 'POST', headers: { 'X-Token': id }, body: 'hello' });
  const { headers } = await response.json();
  cb(null, { scope, 'https://example.com/id': id, 'https://example.com/same': headers['x-token'] === id && validate(id), 'https://example.com/client': v5(client.id, v5.URL) });
};
