const got = require('got').default;
module.exports = async (site) => {
  const posted = await got.post(`${site}/echo`, { json: { a: 'ü' }, searchParams: { q: '1 2' }, headers: { 'x-token': 't' } }).json();
  const text = await got(`${site}/text`);
  const lost = await got(`${site}/status/404`, { retry: { limit: 0 } }).catch((error) => [error.name, error.code, error.response.statusCode, error.response.body]);
  const moved = await got(`${site}/moved`).text();
  const packed = await got(`${site}/gzip`).json();
  const bytes = await got(`${site}/bytes`).buffer();
  const api = got.extend({ prefixUrl: site, throwHttpErrors: false, retry: { limit: 0 } });
  return [posted, text.statusCode, text.body, lost, moved, packed, Buffer.from(bytes).toString('hex'), (await api('status/500')).statusCode];
};
