const nacl = require('tweetnacl');
module.exports = () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const text = new TextEncoder().encode('hello');
  const keys = nacl.sign.keyPair.fromSeed(seed);
  const signature = nacl.sign.detached(text, keys.secretKey);
  const box = nacl.box.keyPair.fromSecretKey(seed);
  const sealed = nacl.secretbox(text, seed.slice(0, 24), seed);
  return [hex(nacl.hash(text)), hex(keys.publicKey), hex(signature), nacl.sign.detached.verify(text, signature, keys.publicKey), hex(box.publicKey), hex(nacl.box(text, seed.slice(0, 24), box.publicKey, seed)), hex(sealed), hex(nacl.secretbox.open(sealed, seed.slice(0, 24), seed)), nacl.secretbox.open(sealed, seed.slice(1, 25), seed), nacl.verify(text, text), hex(nacl.scalarMult.base(seed)), nacl.randomBytes(8).length];
};
