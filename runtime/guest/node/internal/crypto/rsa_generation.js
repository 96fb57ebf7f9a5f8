// New RSA keys: not yet.
'use strict';
const { needsNode } = require('internal/crypto/failures');

module.exports = { newRsaKey() { throw needsNode('To make an RSA key'); } };
