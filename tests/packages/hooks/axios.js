// Roles from a service that wants a key.
const axios = require('axios');

module.exports = async function (client, scope, audience, context, cb) {
  const { SITE } = context.webtask.secrets;
  const service = axios.create({ baseURL: SITE, headers: { 'X-Token': 'key' }, timeout: 3000 });
  try {
    const { data } = await service.post('/echo', { client: client.id }, { params: { audience } });
    const { data: roles } = await service.get('/roles.json');
    await service.get('/status/503').catch((error) => console.warn(error.message));
    cb(null, { scope: [...scope, ...roles.map((role) => `role:${role.name}`)], 'https://example.com/asked': JSON.parse(data.body).client, 'https://example.com/query': data.query });
  } catch (error) {
    cb(error);
  }
};
