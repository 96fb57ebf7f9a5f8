// A trial ends thirty days after it began.
var moment = require('moment@2.29.4');

module.exports = function (client, scope, audience, context, cb) {
  fetch(context.webtask.secrets.SITE + '/trial.json')
    .then(function (response) { return response.json(); })
    .then(function (trial) {
      var ends = moment.utc(trial.began).add(30, 'days');
      if (moment().isBefore(trial.began)) return cb(new Error('it has not begun'));
      cb(null, { scope: moment().isAfter(ends) ? [] : scope, 'https://example.com/ends': ends.format('dddd, MMMM Do YYYY'), 'https://example.com/days': ends.diff(moment.utc(trial.began), 'weeks') });
    })
    .catch(cb);
};
