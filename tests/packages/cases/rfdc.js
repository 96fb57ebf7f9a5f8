const rfdc = require('rfdc');
module.exports = () => {
  const from = { a: [1, { b: new Date(7) }], m: new Map([['k', [1]]]), s: new Set([{ x: 1 }]) };
  const made = rfdc()(from);
  made.a[1].b.setTime(8);
  made.m.get('k').push(2);
  const ring = { name: 'r' };
  ring.self = ring;
  const round = rfdc({ circles: true })(ring);
  return [from.a[1].b.getTime(), made.a[1].b.getTime(), from.m.get('k'), [...made.s], round.self === round, rfdc({ proto: true })(Object.create({ p: 1 })).p];
};
