const from = require('buffer-from');
module.exports = () => [from('héllo', 'utf8').toString('base64'), from([1, 2, 255]).toString('hex'), from('ff00', 'hex').length, from(new Uint8Array([65, 66]).buffer).toString(), from(Buffer.from('copy')).toString(), Buffer.isBuffer(from('x'))];
