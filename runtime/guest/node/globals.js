// What a hook finds as a global, beside the engine's and the prelude's.
'use strict';
exports.process = require('process');
