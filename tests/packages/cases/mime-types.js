const mime = require('mime-types');
module.exports = () => [mime.lookup('a/b/report.JSON'), mime.lookup('.svg'), mime.lookup('none'), mime.contentType('markdown'), mime.contentType('text/html'), mime.extension('application/pdf; charset=x'), mime.charset('text/css'), mime.extensions['image/jpeg'], mime.lookup('x.docx')];
