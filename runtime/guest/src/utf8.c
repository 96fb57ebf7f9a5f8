#include "utf8.h"
#include "buffer.h"
#include <stdint.h>
#include <string.h>

static const char UNKNOWN[] = "\xEF\xBF\xBD"; /* U+FFFD */

const uint8_t *bytes_of(JSContext *ctx, JSValueConst value, size_t *size) {
  if (JS_GetTypedArrayType(value) == JS_TYPED_ARRAY_UINT8) return JS_GetUint8Array(ctx, size, value);
  return JS_GetArrayBuffer(ctx, size, value);
}

JSValue utf8_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue result = JS_NewArrayBufferCopy(ctx, (const uint8_t *)text, size);
  JS_FreeCString(ctx, text);
  size_t length;
  uint8_t *bytes = JS_IsException(result) ? NULL : JS_GetArrayBuffer(ctx, &length, result);
  for (size_t i = 0; bytes && i + 2 < length; i++) { /* the engine writes half a pair in three bytes, as many as U+FFFD has */
    if (bytes[i] == 0xED && bytes[i + 1] >= 0xA0) memcpy(bytes + i, UNKNOWN, 3);
  }
  return result;
}

/* How many bytes a sequence has that begins like this, and from where to where its second byte lies; 0 for none. */
static int sequence(uint8_t first, uint8_t *low, uint8_t *high) {
  *low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

JSValue utf8_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size;
  const uint8_t *bytes = bytes_of(ctx, argv[0], &size);
  if (!bytes && JS_HasException(ctx)) return JS_EXCEPTION;
  if (!bytes) return JS_NewStringLen(ctx, "", 0);
  struct buffer text = {0};
  size_t from = 0, at = 0;
  while (at < size) {
    uint8_t low, high;
    int length = sequence(bytes[at], &low, &high), found = length > 0;
    while (found && found < length && at + (size_t)found < size && bytes[at + (size_t)found] >= low && bytes[at + (size_t)found] <= high) {
      found++;
      low = 0x80, high = 0xBF;
    }
    if (length && found == length) {
      at += (size_t)length;
      continue;
    }
    buffer_put(&text, (const char *)bytes + from, at - from);
    buffer_put(&text, UNKNOWN, 3);
    at += found ? (size_t)found : 1;
    from = at;
  }
  JSValue result;
  if (!from) result = JS_NewStringLen(ctx, (const char *)bytes, size); /* as it is */
  else {
    buffer_put(&text, (const char *)bytes + from, size - from);
    result = text.failed ? JS_ThrowOutOfMemory(ctx) : JS_NewStringLen(ctx, text.data, text.size);
  }
  buffer_free(&text);
  return result;
}
