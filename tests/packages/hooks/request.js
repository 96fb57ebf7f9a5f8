// The plan of a customer, from a service of 2016.
var request = require('request@2.88.2');

module.exports = function (client, scope, audience, context, cb) {
  var site = context.webtask.secrets.SITE;
  request.post({ url: site + '/echo', json: { id: client.id }, headers: { 'X-Token': 'key' } }, function (error, response, body) {
    if (error || response.statusCode !== 200) return cb(error || new Error('no answer'));
    request({ url: site + '/moved', timeout: 3000 }, function (failed, moved, text) {
      if (failed) return cb(failed);
      cb(null, { scope: scope, 'https://example.com/sent': JSON.parse(body.body).id, 'https://example.com/token': body.headers['x-token'], 'https://example.com/text': text });
    });
  });
};
