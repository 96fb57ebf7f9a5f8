const contentType = require('content-type');
module.exports = () => [contentType.parse('Text/HTML; charset="utf-8"; a=b'), contentType.format({ type: 'image/svg+xml', parameters: { foo: 'bar baz', x: '"q"' } }), contentType.parse('multipart/form-data; boundary=something')];
