const escapeHtml = require('escape-html');
module.exports = () => [escapeHtml('<script>alert("x & \'y\'")</script>'), escapeHtml('plain'), escapeHtml(5), escapeHtml('&lt;')];
