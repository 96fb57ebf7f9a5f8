// What util.types and comparisons ask of crypto.
'use strict';
const kKeyObject = Symbol('kKeyObject');
module.exports = { isKeyObject: () => false, isCryptoKey: () => false, kKeyObject };
