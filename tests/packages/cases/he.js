const he = require('he');
module.exports = () => [he.encode('foo © bar ≠ baz 𝌆 qux <'), he.encode('ü≠', { useNamedReferences: true }), he.decode('foo &copy; bar &ne; &#x1D306; &ampx &notit;'), he.escape('<a href="x">\'`'), he.unescape('&lt;b&gt;&amp;'), he.decode('a&ltb', { isAttributeValue: true }), he.encode('é', { decimal: true })];
