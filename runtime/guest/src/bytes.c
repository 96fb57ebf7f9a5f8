/* Buffer's and TextDecoder's loops over bytes, in C. node/internal/bindings.js gives them Node's names.
   An argument may be an object, whose conversion can detach a buffer: where bytes lie is asked last. */
#include "bytes.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum encoding { ASCII, UTF8, BASE64, UTF16, LATIN1, HEX, RAW, BASE64URL }; /* Node's numbers */

static uint8_t *bytes_of(JSContext *ctx, JSValueConst value, size_t *size) {
  *size = 0;
  if (JS_GetTypedArrayType(value) == JS_TYPED_ARRAY_UINT8) return JS_GetUint8Array(ctx, size, value);
  JS_ThrowTypeError(ctx, "argument must be a buffer");
  return NULL;
}

/* Where the character at `at` ends; 0 where it is none (Unicode 3.9, table 3-7). `*stop` is then behind what looked like one. */
static size_t character(const uint8_t *from, size_t at, size_t size, size_t *stop) {
  uint8_t first = from[at];
  *stop = at + 1;
  if (first < 0x80) return at + 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80, high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (; more > 0; more--, low = 0x80, high = 0xBF, ++*stop) {
    if (*stop >= size || from[*stop] < low || from[*stop] > high) return 0;
  }
  return *stop;
}

static bool is_utf8(const uint8_t *from, size_t size) {
  for (size_t at = 0, stop; at < size;) {
    if (from[at] < 0x80) at++;
    else if (!(at = character(from, at, size, &stop))) return false;
  }
  return true;
}

static JSValue utf8_text(JSContext *ctx, const uint8_t *from, size_t size) {
  if (is_utf8(from, size)) return JS_NewStringLen(ctx, (const char *)from, size);
  char *text = malloc(size * 3), *to = text;
  if (!text) return JS_ThrowOutOfMemory(ctx);
  for (size_t at = 0, stop; at < size; at = stop) {
    if (character(from, at, size, &stop)) memcpy(to, from + at, stop - at), to += stop - at;
    else memcpy(to, "\xEF\xBF\xBD", 3), to += 3;
  }
  JSValue result = JS_NewStringLen(ctx, text, (size_t)(to - text));
  free(text);
  return result;
}

static JSValue wide_text(JSContext *ctx, const uint8_t *from, size_t size, enum encoding encoding) {
  size_t length = encoding == UTF16 ? size / 2 : size;
  uint16_t *text = malloc(length * 2 + 2);
  if (!text) return JS_ThrowOutOfMemory(ctx);
  if (encoding == UTF16) memcpy(text, from, length * 2);
  else for (size_t i = 0; i < length; i++) text[i] = encoding == ASCII ? from[i] & 0x7F : from[i];
  JSValue result = JS_NewStringUTF16(ctx, text, length);
  free(text);
  return result;
}

static JSValue hex_text(JSContext *ctx, const uint8_t *from, size_t size) {
  char *text = malloc(size * 2 + 1);
  if (!text) return JS_ThrowOutOfMemory(ctx);
  for (size_t i = 0; i < size; i++) text[2 * i] = "0123456789abcdef"[from[i] >> 4], text[2 * i + 1] = "0123456789abcdef"[from[i] & 15];
  JSValue result = JS_NewStringLen(ctx, text, size * 2);
  free(text);
  return result;
}

/* bytesText(bytes, encoding, start, end): start and end lie within. */
static JSValue bytes_text(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size;
  uint32_t encoding, start, end;
  if (JS_ToUint32(ctx, &encoding, argv[1]) || JS_ToUint32(ctx, &start, argv[2]) || JS_ToUint32(ctx, &end, argv[3])) return JS_EXCEPTION;
  const uint8_t *from = bytes_of(ctx, argv[0], &size);
  if (!from && size == 0 && JS_HasException(ctx)) return JS_EXCEPTION;
  if (end > size) end = (uint32_t)size;
  if (start >= end) return JS_NewString(ctx, "");
  from += start, size = end - start;
  if (encoding == UTF8) return utf8_text(ctx, from, size);
  return encoding == HEX ? hex_text(ctx, from, size) : wide_text(ctx, from, size, encoding);
}

static size_t put_utf8(uint8_t *to, size_t room, const uint16_t *text, size_t length) {
  size_t put = 0;
  for (size_t i = 0; i < length; i++) {
    uint32_t c = text[i];
    if (c >= 0xD800 && c < 0xE000) {
      bool pair = c < 0xDC00 && i + 1 < length && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000;
      c = pair ? 0x10000 + ((c - 0xD800) << 10) + (text[++i] - 0xDC00u) : 0xFFFD;
    }
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (size > room - put) break;
    if (to) {
      if (size == 1) to[put] = (uint8_t)c;
      else for (size_t k = size; k-- > 0; c >>= 6) to[put + k] = (uint8_t)(k ? 0x80 | (c & 0x3F) : (0xF00u >> size & 0xFF) | c);
    }
    put += size;
  }
  return put;
}

static int digit(uint16_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base64_digit(uint16_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

/* Leniently, as Node: both alphabets, what is no digit is passed over, and the first `=` ends it. */
static size_t put_base64(uint8_t *to, size_t room, const uint16_t *text, size_t length) {
  size_t put = 0;
  uint32_t bits = 0, count = 0;
  for (size_t i = 0; i < length && text[i] != '=' && put < room; i++) {
    int value = base64_digit(text[i]);
    if (value < 0) continue;
    bits = bits << 6 | (uint32_t)value, count += 6;
    if (count >= 8) count -= 8, to[put++] = (uint8_t)(bits >> count);
  }
  return put;
}

static size_t put_text(uint8_t *to, size_t room, const uint16_t *text, size_t length, enum encoding encoding) {
  size_t put = 0;
  switch (encoding) {
    case UTF8: return put_utf8(to, room, text, length);
    case BASE64: case BASE64URL: return put_base64(to, room, text, length);
    case UTF16:
      put = (length < room / 2 ? length : room / 2) * 2;
      memcpy(to, text, put);
      return put;
    case HEX:
      for (; put < room && 2 * put + 1 < length; put++) {
        int high = digit(text[2 * put]), low = digit(text[2 * put + 1]);
        if (high < 0 || low < 0) break;
        to[put] = (uint8_t)(high << 4 | low);
      }
      return put;
    default:
      for (; put < room && put < length; put++) to[put] = (uint8_t)text[put];
      return put;
  }
}

/* bytesWrite(bytes, text, encoding, offset, length): how many were written; offset lies within. */
static JSValue bytes_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size, length;
  uint32_t encoding, offset, most;
  if (JS_ToUint32(ctx, &encoding, argv[2]) || JS_ToUint32(ctx, &offset, argv[3]) || JS_ToUint32(ctx, &most, argv[4])) return JS_EXCEPTION;
  const uint16_t *text = JS_ToCStringLenUTF16(ctx, &length, argv[1]);
  if (!text) return JS_EXCEPTION;
  uint8_t *to = bytes_of(ctx, argv[0], &size);
  size_t put = 0;
  bool failed = !to && JS_HasException(ctx);
  if (to && offset < size) put = put_text(to + offset, most < size - offset ? most : size - offset, text, length, encoding);
  JS_FreeCStringUTF16(ctx, text);
  return failed ? JS_EXCEPTION : JS_NewUint32(ctx, (uint32_t)put);
}

static JSValue utf8_length(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t length;
  const uint16_t *text = JS_ToCStringLenUTF16(ctx, &length, argv[0]);
  if (!text) return JS_EXCEPTION;
  size_t size = put_utf8(NULL, SIZE_MAX, text, length);
  JS_FreeCStringUTF16(ctx, text);
  return JS_NewUint32(ctx, (uint32_t)size);
}

/* bytesCompare(one, other): -1, 0 or 1. */
static JSValue bytes_compare(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size, other_size;
  const uint8_t *one = bytes_of(ctx, argv[0], &size), *other = bytes_of(ctx, argv[1], &other_size);
  if (JS_HasException(ctx)) return JS_EXCEPTION;
  int found = memcmp(one, other, size < other_size ? size : other_size);
  return JS_NewInt32(ctx, found ? (found > 0) - (found < 0) : (size > other_size) - (size < other_size));
}

/* bytesIndex(bytes, wanted, from, forward, step): -1 where it is not. As Node: a negative `from` counts from the end. */
static JSValue bytes_index(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size, wanted_size;
  int64_t from, step;
  if (JS_ToInt64(ctx, &from, argv[2]) || JS_ToInt64(ctx, &step, argv[4])) return JS_EXCEPTION;
  const uint8_t *bytes = bytes_of(ctx, argv[0], &size), *wanted = bytes_of(ctx, argv[1], &wanted_size);
  if (JS_HasException(ctx)) return JS_EXCEPTION;
  bool forward = JS_ToBool(ctx, argv[3]);
  if (from < 0) from += (int64_t)size;
  if (from < 0) {
    if (!forward) return JS_NewInt32(ctx, -1);
    from = 0;
  }
  if (from > (int64_t)size) {
    if (forward) return JS_NewInt32(ctx, -1);
    from = (int64_t)size;
  }
  if (wanted_size == 0) return JS_NewInt64(ctx, from);
  if (wanted_size > size) return JS_NewInt32(ctx, -1);
  int64_t last = (int64_t)(size - wanted_size);
  if (!forward && from > last) from = last;
  for (int64_t at = from; forward ? at <= last : at >= 0; at += forward ? 1 : -1) {
    if (at % step == 0 && bytes[at] == *wanted && !memcmp(bytes + at, wanted, wanted_size)) return JS_NewInt64(ctx, at);
  }
  return JS_NewInt32(ctx, -1);
}

/* bytesSwap(bytes, of): reverses each `of` bytes. */
static JSValue bytes_swap(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size;
  uint32_t of;
  if (JS_ToUint32(ctx, &of, argv[1])) return JS_EXCEPTION;
  uint8_t *bytes = bytes_of(ctx, argv[0], &size);
  if (JS_HasException(ctx)) return JS_EXCEPTION;
  for (size_t at = 0; at + of <= size; at += of) {
    for (size_t i = 0; i < of / 2; i++) {
      uint8_t kept = bytes[at + i];
      bytes[at + i] = bytes[at + of - 1 - i];
      bytes[at + of - 1 - i] = kept;
    }
  }
  return JS_DupValue(ctx, argv[0]);
}

static JSValue bytes_are_utf8(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size;
  const uint8_t *bytes = bytes_of(ctx, argv[0], &size);
  return JS_HasException(ctx) ? JS_EXCEPTION : JS_NewBool(ctx, is_utf8(bytes, size));
}

void bytes_define(JSContext *ctx, JSValueConst object) {
  static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("bytesText", 4, bytes_text), JS_CFUNC_DEF("bytesWrite", 5, bytes_write),
    JS_CFUNC_DEF("bytesCompare", 2, bytes_compare), JS_CFUNC_DEF("bytesIndex", 5, bytes_index),
    JS_CFUNC_DEF("bytesSwap", 2, bytes_swap), JS_CFUNC_DEF("bytesAreUtf8", 1, bytes_are_utf8),
    JS_CFUNC_DEF("utf8Length", 1, utf8_length),
  };
  JS_SetPropertyFunctionList(ctx, object, functions, sizeof functions / sizeof *functions);
}
