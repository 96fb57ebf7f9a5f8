const CryptoJS = require('crypto-js');
module.exports = () => {
  const key = CryptoJS.enc.Hex.parse('000102030405060708090a0b0c0d0e0f');
  const iv = CryptoJS.enc.Hex.parse('101112131415161718191a1b1c1d1e1f');
  const sealed = CryptoJS.AES.encrypt('Message ü', key, { iv });
  const salted = CryptoJS.AES.encrypt('text', 'passphrase').toString();
  return [CryptoJS.SHA256('a').toString(), CryptoJS.HmacSHA512('text', 'key').toString(CryptoJS.enc.Base64), CryptoJS.MD5('a').toString(), sealed.ciphertext.toString(), CryptoJS.AES.decrypt(sealed, key, { iv }).toString(CryptoJS.enc.Utf8), CryptoJS.PBKDF2('password', 'salt', { keySize: 4, iterations: 10 }).toString(), CryptoJS.SHA3('a', { outputLength: 256 }).toString(), CryptoJS.enc.Base64url.stringify(CryptoJS.enc.Utf8.parse('a?b>')), CryptoJS.TripleDES.encrypt('x', key, { iv }).ciphertext.toString(), CryptoJS.RIPEMD160('a').toString(), CryptoJS.AES.decrypt(salted, 'passphrase').toString(CryptoJS.enc.Utf8), CryptoJS.lib.WordArray.random(16).sigBytes];
};
