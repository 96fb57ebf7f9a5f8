const { sign, unsign } = require('cookie-signature');
module.exports = () => [sign('hello', 'tobiiscool'), unsign(sign('ü', 'key'), 'key'), unsign(`${sign('a', 'key')}x`, 'key'), unsign('none', 'key')];
