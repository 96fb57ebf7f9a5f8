const fetch = require('node-fetch');
module.exports = async (site) => {
  const posted = await fetch(`${site}/echo?a=1`, { method: 'POST', body: JSON.stringify({ x: 'ü' }), headers: { 'Content-Type': 'application/json', 'X-Token': 't' } });
  const answer = await posted.json();
  const lost = await fetch(`${site}/status/404`);
  const moved = await fetch(`${site}/moved`);
  const manual = await fetch(`${site}/moved`, { redirect: 'manual' });
  const packed = await fetch(`${site}/gzip`);
  const bytes = await (await fetch(`${site}/bytes`)).buffer();
  let broken;
  await (await fetch(`${site}/text`)).json().catch((error) => (broken = [error.name, error.type]));
  const headers = new fetch.Headers({ A: '1' });
  headers.append('a', '2');
  return [posted.status, posted.ok, posted.headers.get('content-type'), answer, lost.status, lost.statusText, await lost.text(), moved.redirected, await moved.text(), manual.status, manual.headers.get('location').replace(site, ''), await packed.json(), bytes.toString('hex'), broken, headers.raw()];
};
