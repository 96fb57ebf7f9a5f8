#include "operations.h"
#include <string.h>

static struct buffer asked; /* JSON objects, separated by commas */
static uint32_t waiting, last_id;
static size_t bytes;
uint32_t operations_most;

void operations_begin(void) { bytes = asked.size; }

bool operations_wait(void) { return waiting > 0; }

void operations_write(struct buffer *out) {
  if (asked.size) buffer_put(out, asked.data, asked.size);
  if (asked.failed) out->failed = true;
}

void operations_sent(void) { buffer_clear(&asked); }

void operations_settled(void) {
  if (waiting) waiting--;
}

static void head(uint32_t id, const char *kind, size_t size) {
  if (asked.size) buffer_text(&asked, ",");
  buffer_text(&asked, "{\"id\":");
  buffer_number(&asked, id);
  buffer_text(&asked, ",\"kind\":");
  buffer_json_string(&asked, kind, size);
}

JSValue operations_start(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t kind_size, size;
  const char *kind = JS_ToCStringLen(ctx, &kind_size, argv[0]);
  const char *detail = JS_ToCStringLen(ctx, &size, argv[1]);
  if (!kind || !detail) return JS_EXCEPTION;
  JSValue id = JS_NewInt32(ctx, -1);
  size_t asked_for = kind_size + size;
  if (asked_for <= operations_most && bytes <= operations_most - asked_for) {
    bytes += asked_for;
    waiting++;
    head(++last_id, kind, kind_size);
    buffer_text(&asked, ",\"detail\":");
    size_t at = asked.size;
    buffer_put(&asked, detail, size);
    if (!asked.failed) mend_surrogates(asked.data + at, size);
    buffer_text(&asked, "}");
    id = JS_NewUint32(ctx, last_id);
  }
  JS_FreeCString(ctx, kind);
  JS_FreeCString(ctx, detail);
  return id;
}

JSValue operations_cancel(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  uint32_t id;
  if (JS_ToUint32(ctx, &id, argv[0]) < 0) return JS_EXCEPTION;
  operations_settled();
  head(id, "cancel", 6);
  buffer_text(&asked, "}");
  return JS_UNDEFINED;
}
