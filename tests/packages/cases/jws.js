const jws = require('jws');
module.exports = () => {
  const signed = jws.sign({ header: { alg: 'HS256', typ: 'JWT' }, payload: { sub: 'ann', n: [1] }, secret: 'shh' });
  return [signed, jws.verify(signed, 'HS256', 'shh'), jws.verify(signed, 'HS256', 'other'), jws.decode(signed), jws.isValid('a.b'), jws.sign({ header: { alg: 'HS512' }, payload: 'text', secret: 'shh' })];
};
