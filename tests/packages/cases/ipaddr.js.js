const ipaddr = require('ipaddr.js');
module.exports = () => {
  const six = ipaddr.parse('2001:DB8::1');
  return [six.toString(), six.toNormalizedString(), six.range(), ipaddr.parse('10.1.2.3').range(), ipaddr.process('::ffff:192.168.1.1').toString(), ipaddr.parse('192.168.5.7').match(ipaddr.parseCIDR('192.168.0.0/16')), ipaddr.isValid('1.2.3.4.5'), ipaddr.IPv4.broadcastAddressFromCIDR('10.0.0.0/9').toString(), ipaddr.subnetMatch(ipaddr.parse('100.64.1.1'), { office: [ipaddr.parseCIDR('100.64.0.0/10')] }, 'unknown'), six.toByteArray(), ipaddr.IPv4.parse('255.255.240.0').prefixLengthFromSubnetMask(), ipaddr.parse('0x7f.1').toString()];
};
