/* QuickJS-ng itself, with a door to the few private fields that a snapshot must renew. `build.py` puts the one call to
   `stack_header` into its `build_backtrace`. */
#include "quickjs.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct DynBuf;
static void stack_header(JSContext *ctx, JSValueConst error, struct DynBuf *text);

#include "quickjs.c"
#include "engine.h"

/* V8's `stack` begins with "Name: message"; code and log readers expect that line. Only plain strings are read, and only
   while no other exception can be lost. */
static void stack_header(JSContext *ctx, JSValueConst error, struct DynBuf *text) {
  JSValue pending = JS_GetException(ctx);
  JSValue name = JS_GetProperty(ctx, error, JS_ATOM_name), message = JS_GetProperty(ctx, error, JS_ATOM_message);
  const char *name_text = JS_IsString(name) ? JS_ToCString(ctx, name) : NULL;
  const char *message_text = JS_IsString(message) ? JS_ToCString(ctx, message) : NULL;
  dbuf_putstr(text, name_text ? name_text : "Error");
  if (message_text && *message_text) {
    dbuf_putstr(text, ": ");
    dbuf_putstr(text, message_text);
  }
  dbuf_putc(text, '\n');
  JS_FreeCString(ctx, name_text);
  JS_FreeCString(ctx, message_text);
  JS_FreeValue(ctx, name);
  JS_FreeValue(ctx, message);
  JS_FreeValue(ctx, JS_GetException(ctx));
  JS_Throw(ctx, pending);
}

void engine_set_hash_seed(JSContext *ctx, uint32_t seed) { ctx->hash_seed = seed; }

uint32_t engine_hash_seed(JSContext *ctx) { return ctx->hash_seed; }

void engine_set_time_origin(JSContext *ctx) { ctx->time_origin = js__now_ms(); }

bool engine_has_stack(JSContext *ctx, size_t bytes) { return !js_check_stack_overflow(ctx->rt, bytes); }
