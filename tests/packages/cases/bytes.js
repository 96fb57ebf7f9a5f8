const bytes = require('bytes');
module.exports = () => [bytes('1.5 GB'), bytes.parse('100kb'), bytes(1024 * 1024 * 3.25), bytes.format(1500, { unitSeparator: ' ', decimalPlaces: 1 }), bytes.format(123456789, { thousandsSeparator: ',', unit: 'B' }), bytes('x'), bytes.parse('-12')];
