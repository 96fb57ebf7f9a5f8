#include "base64.h"
#include "utf8.h"
#include <stdint.h>
#include <stdlib.h>

static const char *alphabet(bool url) {
  return url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
             : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

JSValue base64_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  size_t size;
  const uint8_t *from = bytes_of(ctx, argv[0], &size);
  if (!from && JS_HasException(ctx)) return JS_EXCEPTION;
  bool url = argc > 1 && JS_ToBool(ctx, argv[1]);
  const char *digits = alphabet(url);
  char *text = malloc(size / 3 * 4 + 5), *to = text;
  if (!text) return JS_ThrowOutOfMemory(ctx);
  size_t at = 0;
  for (; at + 2 < size; at += 3) {
    uint32_t three = (uint32_t)from[at] << 16 | (uint32_t)from[at + 1] << 8 | from[at + 2];
    *to++ = digits[three >> 18];
    *to++ = digits[three >> 12 & 63];
    *to++ = digits[three >> 6 & 63];
    *to++ = digits[three & 63];
  }
  if (at < size) {
    bool two = at + 1 < size;
    uint32_t rest = (uint32_t)from[at] << 16 | (two ? (uint32_t)from[at + 1] << 8 : 0);
    *to++ = digits[rest >> 18];
    *to++ = digits[rest >> 12 & 63];
    if (two) *to++ = digits[rest >> 6 & 63];
    else if (!url) *to++ = '=';
    if (!url) *to++ = '=';
  }
  JSValue result = JS_NewStringLen(ctx, text, (size_t)(to - text));
  free(text);
  return result;
}

static int value_of(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '+' || digit == '-') return 62;
  return digit == '/' || digit == '_' ? 63 : -1;
}

JSValue base64_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
  if (!text) return JS_EXCEPTION;
  uint8_t *bytes = malloc(size / 4 * 3 + 3), *to = bytes;
  if (!bytes) {
    JS_FreeCString(ctx, text);
    return JS_ThrowOutOfMemory(ctx);
  }
  uint32_t gathered = 0;
  int count = 0;
  for (size_t at = 0; at < size && text[at] != '='; at++) {
    int value = value_of(text[at]);
    if (value < 0) continue;
    gathered = gathered << 6 | (uint32_t)value;
    if (++count < 4) continue;
    *to++ = (uint8_t)(gathered >> 16);
    *to++ = (uint8_t)(gathered >> 8);
    *to++ = (uint8_t)gathered;
    gathered = 0;
    count = 0;
  }
  if (count > 1) *to++ = (uint8_t)(gathered >> (count == 2 ? 4 : 10));
  if (count > 2) *to++ = (uint8_t)(gathered >> 2);
  JSValue result = JS_NewArrayBufferCopy(ctx, bytes, (size_t)(to - bytes));
  free(bytes);
  JS_FreeCString(ctx, text);
  return result;
}
