const dayjs = require('dayjs');
dayjs.extend(require('dayjs/plugin/utc'));
dayjs.extend(require('dayjs/plugin/relativeTime'));
dayjs.extend(require('dayjs/plugin/customParseFormat'));
dayjs.extend(require('dayjs/plugin/duration'));
require('dayjs/locale/de');
module.exports = () => {
  const at = dayjs.utc('2024-01-31T10:20:30Z');
  return [at.format('dddd, MMMM D, YYYY h:mm A'), at.add(1, 'month').toISOString(), at.diff('2023-01-01', 'day'), at.startOf('week').format(), at.locale('de').format('dddd D. MMMM'), at.from(dayjs.utc('2024-03-15')), dayjs('05/02/69 1:02:03 PM', 'MM/DD/YY h:mm:ss A').format(), dayjs('nothing').isValid(), dayjs.duration(26 * 3_600_000).format('D HH:mm'), at.isAfter('2020-01-01'), at.set('hour', 5).hour(), at.utcOffset(120).format(), at.daysInMonth(), dayjs(0).unix()];
};
