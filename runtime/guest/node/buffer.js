'use strict';
exports.Buffer = { isBuffer: () => false };
