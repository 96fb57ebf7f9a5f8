// What whatwg-url asks of TextEncoder and TextDecoder, before there are any.
'use strict';
const { encoding_binding } = require('internal/bindings');
exports.utf8Encode = encoding_binding.encodeUtf8String;
exports.utf8DecodeWithoutBOM = (bytes) => encoding_binding.decodeUTF8(bytes, true, false);
