// The numbers of `os` and `crypto` in one object.
'use strict';
const { os, crypto } = require('internal/constants-of-node');
module.exports = Object.freeze(Object.assign({ __proto__: null }, os.dlopen, os.errno, os.priority, os.signals, crypto));
