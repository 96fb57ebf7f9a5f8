// A partner's token names the customer; an API of ours gets a token of its own.
var jwt = require('jsonwebtoken@8.5.1');

module.exports = function (client, scope, audience, context, cb) {
  var secrets = context.webtask.secrets;
  fetch(secrets.SITE + '/partner.pem')
    .then(function (response) { return response.text(); })
    .then(function (key) {
      var partner = jwt.verify(client.metadata.assertion, key, { algorithms: ['RS256'], audience: 'hookd', issuer: 'partner' });
      var own = jwt.sign({ customer: partner.sub }, secrets.KEY, { algorithm: 'ES256', issuer: 'hookd', expiresIn: '5m' });
      jwt.verify(client.metadata.assertion, key, { audience: 'another' }, function (error) {
        cb(null, { scope: scope, 'https://example.com/customer': partner.sub, 'https://example.com/token': own, 'https://example.com/error': error.message });
      });
    })
    .catch(cb);
};
