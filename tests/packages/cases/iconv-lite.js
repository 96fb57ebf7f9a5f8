const iconv = require('iconv-lite');
module.exports = () => [
  iconv.decode(Buffer.from([0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea]), 'Shift_JIS'),
  iconv.encode('Größe 10 €', 'win1252').toString('hex'),
  iconv.decode(Buffer.from('47007200f600', 'hex'), 'utf16le'),
  iconv.encode('Привет', 'koi8-r').toString('hex'),
  iconv.decode(iconv.encode('汉字漢字', 'gb18030'), 'gb18030'),
  iconv.encode('x', 'utf-16').toString('hex'),
  iconv.decode(Buffer.from('efbbbf61', 'hex'), 'utf8'),
  iconv.encodingExists('big5'),
  iconv.encodingExists('none'),
  iconv.decode(iconv.encode('台灣', 'big5'), 'big5'),
];
