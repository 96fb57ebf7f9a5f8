const { addMonths, differenceInBusinessDays, differenceInYears, eachDayOfInterval, endOfMonth, format, formatDistance, formatISO, intervalToDuration, isBefore, isValid, parse, parseISO, startOfWeek } = require('date-fns');
const { de } = require('date-fns/locale');
module.exports = () => {
  const at = parseISO('2024-01-31T10:20:30Z');
  return [format(at, "yyyy-MM-dd'T'HH:mm:ss EEEE do MMM"), format(at, 'PPPP', { locale: de }), addMonths(at, 1), differenceInYears(at, parseISO('1990-05-01')), differenceInBusinessDays(parseISO('2024-02-12'), at), formatDistance(at, parseISO('2024-03-15'), { addSuffix: true }), formatISO(endOfMonth(at)), parse('3.2.2021', 'd.M.yyyy', new Date(0)), isValid(parseISO('2023-02-30')), isBefore(at, new Date(0)), eachDayOfInterval({ start: parseISO('2024-02-27'), end: parseISO('2024-03-01') }).length, intervalToDuration({ start: at, end: parseISO('2025-03-02T00:00:00Z') }), startOfWeek(at, { weekStartsOn: 1 })];
};
