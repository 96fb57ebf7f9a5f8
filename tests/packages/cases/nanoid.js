const { customAlphabet, customRandom, nanoid, urlAlphabet } = require('nanoid');
module.exports = () => {
  let seed = 7;
  const steady = customRandom('abcdef', 10, (size) => Uint8Array.from({ length: size }, () => (seed = (seed * 31 + 11) % 256)));
  const ids = Array.from({ length: 100 }, () => nanoid());
  return [steady(), steady(), new Set(ids).size, ids.every((id) => /^[\w-]{21}$/.test(id)), /^[01]{8}$/.test(customAlphabet('01', 8)()), nanoid(5).length, urlAlphabet.length];
};
