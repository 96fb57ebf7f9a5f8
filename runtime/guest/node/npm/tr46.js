// What whatwg-url asks of tr46, whose table of Unicode is larger than the rest of the library.
'use strict';
module.exports = require('internal/domains').tr46;
