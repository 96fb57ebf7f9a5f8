// npm's jsonwebtoken, in the guest and in Node: what it makes here must be taken there, and the same must be refused.
const jwt = require('jsonwebtoken');

const SECRET = 'a secret of more than thirty-two bytes';
const ALGORITHMS = {
  HS256: [SECRET, SECRET], HS384: [SECRET, SECRET], HS512: [SECRET, SECRET],
  RS256: ['rsa', 'rsaPublic'], RS384: ['rsa', 'certificate'], RS512: ['rsaPkcs1', 'other'],
  PS256: ['rsa', 'rsaPublic'], PS384: ['rsa', 'rsaPublic'], PS512: ['rsa', 'rsaPublic'],
  ES256: ['ec', 'ecPublic'], ES384: ['p384', 'p384Public'],
};

function tried(run) {
  try {
    return run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

module.exports = function ({ keys, given }) {
  const key = (name) => keys[name] ?? name;
  const made = {};
  const read = {};
  for (const [algorithm, [secret]] of Object.entries(ALGORITHMS)) {
    const options = { algorithm, expiresIn: '1h', audience: 'api', issuer: 'hookd', subject: algorithm, keyid: 'k' };
    made[algorithm] = jwt.sign({ iat: 2000000000, name: 'J\u00f6rg' }, key(secret), options);
  }
  for (const [algorithm, token] of Object.entries(given ?? made)) {
    const open = key(ALGORITHMS[algorithm][1]);
    const options = { algorithms: [algorithm], audience: 'api', clockTimestamp: 2000000000 };
    read[algorithm] = jwt.verify(token, open, options);
    read[`${algorithm} later`] = tried(() => jwt.verify(token, open, { ...options, clockTimestamp: 2000009999 }));
    read[`${algorithm} tampered`] = tried(() => jwt.verify(token.slice(0, -8) + 'AAAAAAAA', open, options));
    read[`${algorithm} other`] = tried(() => jwt.verify(token, open, { ...options, audience: 'other' }));
    read[`${algorithm} decoded`] = jwt.decode(token, { complete: true }).header;
  }
  // A token that is signed with the text of the public key, as if that were a secret, is refused.
  const [head, body] = [{ alg: 'HS256', typ: 'JWT' }, { sub: 'me' }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const forgedWith = (text) => `${head}.${body}.${require('crypto').createHmac('sha256', text).update(`${head}.${body}`).digest('base64url')}`;
  const forged = forgedWith(keys.rsaPublic);
  for (const [name, text] of Object.entries(keys)) read[`forged with ${name}`] = tried(() => jwt.verify(forgedWith(text), text));
  const [spaces, lines] = [keys.ecPublic.replaceAll('\n', '  \n'), keys.ecPublic.replaceAll('\n', '\r\n')];
  read.forgedAround = [spaces, lines].map((text) => tried(() => jwt.verify(forgedWith(text), text)));
  read.forgedToo = tried(() => jwt.verify(forged, keys.rsaPublic, { algorithms: ['HS256'] }));
  read.unsigned = tried(() => jwt.verify(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`, keys.rsaPublic));
  read.weak = tried(() => jwt.sign({}, keys.small, { algorithm: 'RS256' }));
  read.wrongKey = tried(() => jwt.sign({}, keys.ec, { algorithm: 'RS256' }));
  read.wrongCurve = tried(() => jwt.sign({}, keys.ec, { algorithm: 'ES384' }));
  read.noKey = tried(() => jwt.sign({}, 'no key', { algorithm: 'RS256' }));
  return { made, read };
};
