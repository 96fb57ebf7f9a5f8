const moment = require('moment');
require('moment/locale/de');
module.exports = () => {
  moment.locale('en');
  const at = moment.utc('2024-01-31T10:20:30Z');
  return [at.format('dddd, MMMM Do YYYY, h:mm:ss a'), at.clone().add(1, 'month').toISOString(), at.diff(moment.utc('2023-01-01'), 'days'), at.clone().startOf('isoWeek').format(), at.from(moment.utc('2024-03-15')), at.clone().locale('de').format('dddd, D. MMMM'), moment('12-25-1995', 'MM-DD-YYYY', true).isValid(), moment('2023-02-30').isValid(), moment.duration(90, 'minutes').humanize(), moment.duration('P1DT2H').asHours(), at.isBetween('2024-01-01', '2024-02-01'), at.calendar(moment.utc('2024-02-01T00:00:00Z')), at.clone().utcOffset('+02:00').format(), at.toObject(), moment.utc([2020, 1, 29]).add(1, 'y').format('L'), at.week()];
};
