const { DateTime, Duration, Interval, Info } = require('luxon');
module.exports = () => {
  const at = DateTime.fromISO('2024-01-31T10:20:30Z', { zone: 'utc' });
  return [at.toISO(), at.plus({ months: 1, hours: 3 }).toISO(), at.toFormat("yyyy LLL dd 'at' HH:mm"), at.startOf('week').toISODate(), at.diff(DateTime.fromISO('2023-01-01T00:00:00Z', { zone: 'utc' }), ['months', 'days']).toObject(), at.setZone('UTC+2').toISO(), DateTime.fromFormat('05/02/1999', 'dd/MM/yyyy', { zone: 'utc' }).toISODate(), DateTime.fromISO('nope').invalidReason, Duration.fromISO('P1DT2H30M').as('minutes'), Duration.fromObject({ minutes: 90 }).shiftTo('hours', 'minutes').toISO(), Interval.after(at, { days: 2 }).splitBy({ days: 1 }).length, at.weekNumber, at.daysInMonth, Info.months('short'), at.setZone('Europe/Berlin').toISO(), at.toLocaleString(DateTime.DATE_FULL)];
};
