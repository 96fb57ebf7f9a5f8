// Roles from a service, by Node's own http, and what follows from them.
var http = require('http');
var _ = require('lodash@4.17.21');

module.exports = function (client, scope, audience, context, cb) {
  http.get(context.webtask.secrets.SITE + '/roles.json', function (response) {
    var body = '';
    response.setEncoding('utf8');
    response.on('data', function (chunk) { body += chunk; });
    response.on('end', function () {
      var roles = JSON.parse(body);
      var rights = _(roles).sortBy('name').flatMap('rights').uniq().value();
      cb(null, { scope: _.union(scope, rights), 'https://example.com/roles': _.chain(roles).keyBy('name').mapValues('rights.length').value(), 'https://example.com/first': _.get(roles, '[0].rights[0]', 'none') });
    });
  }).on('error', cb);
};
