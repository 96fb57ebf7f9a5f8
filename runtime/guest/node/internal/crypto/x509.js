// X509Certificate, of which the guest has nothing; the public key of a certificate is read by createPublicKey.
'use strict';
const { needsNode } = require('internal/crypto/failures');

class X509Certificate {
  constructor() { throw needsNode('X509Certificate'); }
}

module.exports = { X509Certificate, isX509Certificate: () => false };
