const { URL, URLSearchParams, parseURL, serializeURL } = require('whatwg-url');
module.exports = () => {
  const url = new URL('../a b/./c?x=1&y=ü#frag', 'HTTPS://User:pa%20ss@Exämple.com:443/base/dir/');
  url.searchParams.append('z', '1 2');
  url.pathname += '/é';
  url.port = '8443';
  const query = new URLSearchParams([['b', '2'], ['a', '1'], ['b', '3']]);
  query.sort();
  return [url.href, url.origin, url.host, url.username, url.password, [...url.searchParams], query.toString(), query.getAll('b'), URL.canParse('http://[::1'), serializeURL(parseURL('http://0x7f.1/')), new URL('http://[1:0::2]/').hostname];
};
