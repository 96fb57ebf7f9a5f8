const request = require('request');
const ask = (options) => new Promise((resolve) => request(options, (error, response, body) => resolve(error ? [error.code ?? error.message] : [response.statusCode, body])));
module.exports = async (site) => {
  const streamed = await new Promise((resolve, reject) => {
    const chunks = [];
    request.get(`${site}/text`).on('response', (response) => chunks.push(response.headers['content-type'])).on('data', (data) => chunks.push(data.toString())).on('end', () => resolve(chunks)).on('error', reject);
  });
  const api = request.defaults({ baseUrl: site, json: true, headers: { 'x-token': 't' } });
  const shared = await new Promise((resolve) => api.get('/echo', { auth: { bearer: 'b' } }, (error, response, body) => resolve(body)));
  return [
    await ask({ method: 'POST', url: `${site}/echo`, json: { a: 'ü' }, qs: { q: '1 2' } }),
    await ask({ method: 'POST', url: `${site}/echo`, form: { a: '1', b: '2 3' } }),
    await ask({ url: `${site}/status/404` }),
    await ask({ url: `${site}/moved` }),
    await ask({ url: `${site}/moved`, followRedirect: false }),
    await ask({ url: `${site}/gzip`, gzip: true, json: true }),
    (await ask({ url: `${site}/bytes`, encoding: null }))[1].toString('hex'),
    streamed,
    shared,
  ];
};
