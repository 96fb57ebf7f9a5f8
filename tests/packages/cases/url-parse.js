const parse = require('url-parse');
module.exports = () => {
  const url = parse('https://user:pa%40ss@Example.com:8080/a/../b?x=1&y=%20#h', true);
  url.set('port', '443').set('query', { z: 2 }).set('pathname', 'new path');
  return [{ ...url, query: { ...url.query } }, url.toString(), parse('/rel?x', 'http://base.example/dir/').href, parse.qs.stringify({ a: 1, b: 'ü' }), parse('javascript:alert(1)', {}).protocol];
};
