const psl = require('psl');
module.exports = () => [psl.parse('www.google.co.uk'), psl.get('a.b.c.example.com'), psl.get('co.uk'), psl.isValid('x.github.io'), psl.parse('mañana.example'), psl.get('食狮.com.cn'), psl.parse('-bad.example').error.code];
