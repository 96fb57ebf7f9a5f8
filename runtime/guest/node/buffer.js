// Until it is there.
'use strict';
exports.Buffer = { isBuffer: () => false };
