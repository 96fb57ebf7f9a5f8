const ms = require('ms');
module.exports = () => [ms('2 days'), ms('1.5h'), ms('-3 min'), ms('1y'), ms('100'), ms(60000), ms(2 * 60000, { long: true }), ms(ms('10 hours')), ms('nothing')];
