// Where comparisons look for a key inside a CryptoKey.
'use strict';
exports.kKeyObject = require('internal/crypto/keys').kKeyObject;
