const forge = require('node-forge');
module.exports = () => {
  const md = forge.md.sha256.create();
  md.update('The quick brown fox');
  const hmac = forge.hmac.create();
  hmac.start('sha1', 'key');
  hmac.update('text');
  const cipher = forge.cipher.createCipher('AES-CBC', '0123456789abcdef');
  cipher.start({ iv: 'abcdef9876543210' });
  cipher.update(forge.util.createBuffer('secret text'));
  cipher.finish();
  const sealed = cipher.output.toHex();
  const key = forge.pki.rsa.setPrivateKey(...['bb', '3', '6b', 'b', '11', '3', 'b', '2'].map((hex) => new forge.jsbn.BigInteger(hex, 16)));
  return [md.digest().toHex(), hmac.digest().toHex(), sealed, forge.util.encode64('a\xffb'), forge.util.bytesToHex(forge.pkcs5.pbkdf2('password', 'salt', 10, 16)), forge.asn1.toDer(forge.asn1.create(0, 16, true, [forge.asn1.create(0, 2, false, '\x05')])).toHex(), forge.md5.create().update('a').digest().toHex(), key.n.toString(16), forge.pki.oids.sha256WithRSAEncryption, forge.util.decodeUtf8(forge.util.encodeUtf8('ü'))];
};
