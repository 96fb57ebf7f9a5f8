const md5 = require('md5');
module.exports = () => [md5('message'), md5('ann@example.com '.trim().toLowerCase()), md5('ü'), md5(Buffer.from([1, 2, 3])), md5(new Uint8Array([1, 2, 3])), md5('text', { asString: true }).length, md5('ab', { asBytes: true })];
