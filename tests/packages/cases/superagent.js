const superagent = require('superagent');
module.exports = async (site) => {
  const posted = await superagent.post(`${site}/echo`).send({ a: 'ü' }).set('X-Token', 't').query({ q: '1' });
  const form = await superagent.post(`${site}/echo`).type('form').send({ a: '1', b: '2 3' });
  const lost = await superagent.get(`${site}/status/404`).catch((error) => [error.status, error.message, error.response.text]);
  const moved = await superagent.get(`${site}/moved`);
  const packed = await superagent.get(`${site}/gzip`);
  const bytes = await superagent.get(`${site}/bytes`).responseType('blob');
  const fine = await superagent.get(`${site}/status/500`).ok(() => true);
  const called = await new Promise((resolve) => superagent.get(`${site}/text`).end((error, response) => resolve([error, response.text, response.type])));
  return [posted.status, posted.body, form.body, lost, moved.text, moved.redirects.length, packed.body, bytes.body.toString('hex'), fine.status, called];
};
