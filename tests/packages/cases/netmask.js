const { Netmask, ip2long, long2ip } = require('netmask');
module.exports = () => {
  const block = new Netmask('10.0.0.0/12');
  const few = [];
  new Netmask('192.168.1.0/30').forEach((ip) => few.push(ip));
  return [block.base, block.mask, block.hostmask, block.bitmask, block.size, block.broadcast, block.first, block.last, block.contains('10.0.8.10'), block.contains('192.168.1.20'), block.next().toString(), few, ip2long('1.2.3.4'), long2ip(3232235777), new Netmask('216.240.32.0', '255.255.255.0').bitmask];
};
