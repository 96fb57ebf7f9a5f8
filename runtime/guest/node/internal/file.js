// File is Blob's.
'use strict';
exports.File = require('internal/blob').File;
