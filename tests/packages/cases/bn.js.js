const BN = require('bn.js');
module.exports = () => {
  const a = new BN('dead', 16);
  const b = new BN('123456789012345678901234567890');
  const red = BN.red('k256');
  return [a.add(b).toString(), b.mul(b).toString(16), b.divmod(a).mod.toString(), b.pow(new BN(3)).toString(), a.toRed(red).redInvm().fromRed().toString(16), b.gcd(new BN(30)).toNumber(), b.bitLength(), a.cmp(b), b.neg().toString(), a.toArray('be', 4), new BN([1, 2, 3]).toString(), b.shrn(10).ior(a).toString()];
};
