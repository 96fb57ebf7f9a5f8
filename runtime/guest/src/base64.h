/* Base64 (RFC 4648) both ways, for JavaScript: native.base64Encode(bytes[, url]), native.base64Decode(text). */
#ifndef HOOKD_BASE64_H
#define HOOKD_BASE64_H
#include "quickjs.h"

/* An ArrayBuffer or Uint8Array as text; with `url`, in the other alphabet and without padding. */
JSValue base64_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
/* Text as a new ArrayBuffer, as forgiving as Node's Buffer: both alphabets, what is in neither is passed over, `=` ends. */
JSValue base64_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
#endif
