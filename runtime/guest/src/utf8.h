/* Text as bytes and back, for JavaScript: native.utf8Encode(text) -> ArrayBuffer, native.utf8Decode(bytes) -> text. */
#ifndef HOOKD_UTF8_H
#define HOOKD_UTF8_H
#include "quickjs.h"

/* Half a surrogate pair becomes U+FFFD. */
JSValue utf8_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
/* Of an ArrayBuffer or Uint8Array; what is no UTF-8 becomes U+FFFD (https://encoding.spec.whatwg.org/#utf-8-decoder). */
JSValue utf8_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
/* The bytes of either; NULL and an exception for anything else. */
const uint8_t *bytes_of(JSContext *ctx, JSValueConst value, size_t *size);
#endif
