const { Address4, Address6 } = require('ip-address');
module.exports = () => {
  const four = new Address4('192.168.1.10/24');
  const six = new Address6('2001:0:ce49:7601:e866:efff:62c3:fffe');
  return [four.startAddress().address, four.endAddress().address, four.isInSubnet(new Address4('192.168.0.0/16')), Address4.isValid('1.2.3.300'), four.toHex(), six.inspectTeredo().client4, six.correctForm(), new Address6('::1').isLoopback(), new Address6('fe80::1%eth0').zone, Address6.fromAddress4('10.0.0.1').to4in6(), new Address6('2001:db8::/32').endAddress().correctForm(), six.canonicalForm(), new Address6('::ffff:1.2.3.4').is4()];
};
