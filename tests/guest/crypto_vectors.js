// Known answers of the standards: same(expected in hex, what is computed, text or bytes). `b` makes bytes of hex.
// FIPS 180-4, FIPS 202, RFC 1321, RFC 7693
same('900150983cd24fb0d6963f7d28e17f72', crypto.createHash('md5').update('abc').digest());
same('a9993e364706816aba3e25717850c26c9cd0d89d', crypto.createHash('sha1').update('abc').digest());
same('23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7', crypto.createHash('sha224').update('abc').digest());
same('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', crypto.createHash('sha256').update('abc').digest());
same('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1', crypto.createHash('sha256').update('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq').digest());
same('cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7', crypto.createHash('sha384').update('abc').digest());
same('ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f', crypto.createHash('sha512').update('abc').digest());
same('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0', crypto.createHash('sha256').update('a'.repeat(1e6)).digest());
same('3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532', crypto.createHash('sha3-256').update('abc').digest());
same('508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982', crypto.createHash('blake2s256').update('abc').digest());
// RFC 4231 (HMAC), cases 1, 2, 3, 6
same('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', crypto.createHmac('sha256', b('0b'.repeat(20))).update('Hi There').digest());
same('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', crypto.createHmac('sha256', 'Jefe').update('what do ya want for nothing?').digest());
same('773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe', crypto.createHmac('sha256', b('aa'.repeat(20))).update(b('dd'.repeat(50))).digest());
same('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54', crypto.createHmac('sha256', b('aa'.repeat(131))).update('Test Using Larger Than Block-Size Key - Hash Key First').digest());
same('87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854', crypto.createHmac('sha512', b('0b'.repeat(20))).update('Hi There').digest());
// RFC 6070 (PBKDF2), RFC 7914 (scrypt), RFC 5869 (HKDF), cases 1 and 2
same('0c60c80f961f0e71f3a9b524af6012062fe037a6', crypto.pbkdf2Sync('password', 'salt', 1, 20, 'sha1'));
same('ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957', crypto.pbkdf2Sync('password', 'salt', 2, 20, 'sha1'));
same('4b007901b765489abead49d926f721d065a429c1', crypto.pbkdf2Sync('password', 'salt', 4096, 20, 'sha1'));
same('3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038', crypto.pbkdf2Sync('passwordPASSWORDpassword', 'saltSALTsaltSALTsaltSALTsaltSALTsalt', 4096, 25, 'sha1'));
same('56fa6aa75548099dcc37d7f03425e0c3', crypto.pbkdf2Sync('pass\0word', 'sa\0lt', 4096, 16, 'sha1'));
same('77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906', crypto.scryptSync('', '', 64, { N: 16, r: 1, p: 1 }));
same('fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640', crypto.scryptSync('password', 'NaCl', 64, { N: 1024, r: 8, p: 16 }));
same('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887', crypto.scryptSync('pleaseletmein', 'SodiumChloride', 64));
same('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865', crypto.hkdfSync('sha256', b('0b'.repeat(22)), b('000102030405060708090a0b0c'), b('f0f1f2f3f4f5f6f7f8f9'), 42));
same('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8', crypto.hkdfSync('sha256', b('0b'.repeat(22)), '', '', 42));
// FIPS 197, appendices B and C; SP 800-38A, F.2.1 and F.5.1; the GCM specification, cases 1, 2, 4 and 16
same('3925841d02dc09fbdc118597196a0b32', encrypted('aes-128-ecb', '2b7e151628aed2a6abf7158809cf4f3c', '', '3243f6a8885a308d313198a2e0370734'));
same('69c4e0d86a7b0430d8cdb78070b4c55a', encrypted('aes-128-ecb', '000102030405060708090a0b0c0d0e0f', '', '00112233445566778899aabbccddeeff'));
same('dda97ca4864cdfe06eaf70a0ec0d7191', encrypted('aes-192-ecb', '000102030405060708090a0b0c0d0e0f1011121314151617', '', '00112233445566778899aabbccddeeff'));
same('8ea2b7ca516745bfeafc49904b496089', encrypted('aes-256-ecb', '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', '', '00112233445566778899aabbccddeeff'));
same('7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2', encrypted('aes-128-cbc', '2b7e151628aed2a6abf7158809cf4f3c', '000102030405060708090a0b0c0d0e0f', '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51'));
same('874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff', encrypted('aes-128-ctr', '2b7e151628aed2a6abf7158809cf4f3c', 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51'));
same('58e2fccefa7e3061367f1d57a4e7455a', encrypted('aes-128-gcm', '00'.repeat(16), '00'.repeat(12), ''));
same('0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf', encrypted('aes-128-gcm', '00'.repeat(16), '00'.repeat(12), '00'.repeat(16)));
same('42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47', encrypted('aes-128-gcm', 'feffe9928665731c6d6a8f9467308308', 'cafebabefacedbaddecaf888', 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39', 'feedfacedeadbeeffeedfacedeadbeefabaddad2'));
same('522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b', encrypted('aes-256-gcm', 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308', 'cafebabefacedbaddecaf888', 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39', 'feedfacedeadbeeffeedfacedeadbeefabaddad2'));
// RFC 8032 (Ed25519), tests 1 and 3; RFC 7748 (X25519), section 6.1; RFC 5903 (ECDH), section 8.1
same('e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b', crypto.sign(null, b(''), edwards('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')));
same('6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a', crypto.sign(null, b('af82'), edwards('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7')));
same('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742', crypto.diffieHellman({ privateKey: edwards('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb', 'X25519'), publicKey: edwards('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a', 'X25519', true) }));
same('d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de', ecdh('prime256v1', 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433', '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab'));
// RFC 7515, appendices A.1 (HS256) and A.3 (ES256)
same('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', crypto.createHmac('sha256', Buffer.from('AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow', 'base64url')).update('eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ').digest('base64url'));
same('true', `${crypto.verify('sha256', Buffer.from('eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'), { key: crypto.createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from('DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q', 'base64url'))}`);
