const { compile, match, parse, pathToRegexp } = require('path-to-regexp');
module.exports = () => [
  match('/users/:id{/:action}')('/users/12/edit'),
  match('/users/:id')('/posts/1'),
  match('/files/*path')('/files/a/b%20c.txt'),
  compile('/users/:id/*rest')({ id: 'a b', rest: ['x', 'y'] }),
  parse('/a/:b').tokens,
  pathToRegexp('/:x-:y').regexp.exec('/1-2').slice(1),
];
