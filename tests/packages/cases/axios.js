const axios = require('axios');
module.exports = async (site) => {
  const api = axios.create({ baseURL: site, timeout: 5000, headers: { 'X-Token': 't' } });
  api.interceptors.request.use((config) => {
    config.headers.set('X-More', 'm');
    return config;
  });
  const got = await api.get('/echo', { params: { a: 1, list: ['x', 'y'] } });
  const posted = await api.post('/echo', { name: 'ü' });
  const form = await api.post('/echo', new URLSearchParams({ a: '1', b: '2 3' }));
  const lost = await api.get('/status/404').catch((error) => [error.isAxiosError, error.code, error.message, error.response.status, error.response.data]);
  const moved = await api.get('/moved');
  const text = await api.get('/text', { responseType: 'text' });
  const packed = await api.get('/gzip');
  const bytes = await api.get('/bytes', { responseType: 'arraybuffer' });
  const many = await Promise.all([api.get('/text'), api.delete('/echo'), api.request({ url: '/status/500', validateStatus: () => true })]);
  return [got.status, got.data, posted.data, form.data, lost, moved.data, text.data, text.headers['content-type'], packed.data, Buffer.from(bytes.data).toString('hex'), many.map((one) => one.status)];
};
