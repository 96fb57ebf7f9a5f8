const { getDomain, getPublicSuffix, getSubdomain, parse } = require('tldts');
module.exports = () => [parse('https://www.writethedocs.org/conf/eu/2017/'), getDomain('fr.news.google.co.uk'), getSubdomain('a.b.example.org'), getPublicSuffix('x.github.io', { allowPrivateDomains: true }), parse('mail@host.example.com'), getDomain('192.168.0.1'), parse('http://[::1]:80/').isIp];
