#include "outcome.h"
#include "abi.h"
#include "heap.h"
#include "operations.h"
#include <string.h>

struct buffer out;
struct console console;
JSValue outcome_format = {0};

static void field(const char *name, const char *text, size_t size, size_t most) {
  if (size > most) {
    size = most;
    while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80) size--;
  }
  buffer_text(&out, ",\"");
  buffer_text(&out, name);
  buffer_text(&out, "\":");
  buffer_json_string(&out, text, size);
}

void outcome_begin(const char *kind) {
  buffer_clear(&out);
  buffer_text(&out, "{\"outcome\":\"");
  buffer_text(&out, kind);
  buffer_text(&out, "\"");
}

uint64_t outcome_end(void) {
  buffer_text(&out, ",\"console\":[");
  buffer_put(&out, console.lines.data, console.lines.size);
  buffer_text(&out, "],\"console_dropped\":");
  buffer_number(&out, console.dropped);
  buffer_text(&out, ",\"memory\":");
  buffer_number(&out, heap_size());
  buffer_text(&out, "}");
  if (out.failed) {
    static const char full[] = "{\"outcome\":\"failure\",\"code\":\"memory_limit\",\"name\":\"InternalError\","
                               "\"message\":\"out of memory\",\"stack\":\"\",\"console\":[],\"console_dropped\":0,\"memory\":0}";
    return (uint64_t)(uintptr_t)full << 32 | (sizeof full - 1);
  }
  return (uint64_t)(uintptr_t)out.data << 32 | out.size;
}

uint64_t outcome_failure(const char *code, const char *message) {
  outcome_begin("failure");
  field("code", code, strlen(code), MOST_NAME);
  field("name", "Error", 5, MOST_NAME);
  field("message", message, strlen(message), MOST_MESSAGE);
  field("stack", "", 0, MOST_STACK);
  return outcome_end();
}

/* JSON.stringify writes a lone surrogate as \udXXX, JSON.rawJSON perhaps as \uDXXX: JSON, but no Unicode text. Same
   length, so in place. */
void mend_surrogates(char *json, size_t size) {
  for (size_t i = 0; i + 1 < size; i++) {
    if (json[i] != '\\') continue;
    if (i + 5 < size && json[i + 1] == 'u' && (json[i + 2] | 32) == 'd' && strchr("89abcdefABCDEF", json[i + 3])) memcpy(json + i + 2, "fffd", 4);
    i++;
  }
}

uint64_t outcome_answer(JSContext *ctx, JSValueConst value, uint32_t most) {
  if (JS_IsUndefined(value)) {
    outcome_begin("answer");
    return outcome_end();
  }
  JSValue json = JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED);
  if (JS_IsException(json)) return outcome_error(ctx, "failure", "malformed_answer", JS_GetException(ctx));
  if (JS_IsUndefined(json)) return outcome_failure("malformed_answer", "The answer can not be written as JSON.");
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, json);
  JS_FreeValue(ctx, json);
  if (!text) return outcome_error(ctx, "failure", "malformed_answer", JS_GetException(ctx));
  if (size > most) return outcome_failure("output_limit", "The answer as JSON is larger than the output limit.");
  outcome_begin("answer");
  buffer_text(&out, ",\"value\":");
  size_t at = out.size;
  buffer_put(&out, text, size);
  if (!out.failed) mend_surrogates(out.data + at, size);
  JS_FreeCString(ctx, text);
  return outcome_end();
}

/* A property as text, or NULL where there is none or reading it throws. */
static const char *property_text(JSContext *ctx, JSValueConst object, const char *name, size_t *size) {
  JSValue value = JS_GetPropertyStr(ctx, object, name);
  const char *text = JS_IsString(value) ? JS_ToCStringLen(ctx, size, value) : NULL;
  if (JS_IsException(value) || (JS_IsString(value) && !text)) JS_FreeValue(ctx, JS_GetException(ctx));
  JS_FreeValue(ctx, value);
  return text;
}

/* What console.log prints for the value: the prelude's `format`, which no hook can redefine and which never throws. */
static const char *printed(JSContext *ctx, JSValueConst value, size_t *size) {
  JSValue list = JS_NewArray(ctx);
  JS_DefinePropertyValueUint32(ctx, list, 0, JS_DupValue(ctx, value), JS_PROP_C_W_E);
  JSValue text = JS_Call(ctx, outcome_format, JS_UNDEFINED, 1, (JSValueConst *)&list);
  const char *result = JS_IsString(text) ? JS_ToCStringLen(ctx, size, text) : NULL;
  if (!result) JS_FreeValue(ctx, JS_GetException(ctx));
  JS_FreeValue(ctx, text);
  JS_FreeValue(ctx, list);
  return result;
}

static const char *limit_code(const char *name, const char *message, const char *code) {
  if (!strcmp(name, "InternalError") && !strncmp(message, "out of memory", 13)) return "memory_limit";
  if (!strcmp(name, "RangeError") && !strcmp(message, "Maximum call stack size exceeded")) return "stack_limit";
  return code;
}

/* One property as `"name":value`, behind what is there already; nothing of it where it can not be written. */
static bool put_property(JSContext *ctx, JSValueConst object, JSAtom name, struct buffer *text) {
  JSValue value = JS_GetProperty(ctx, object, name);
  JSValue json = JS_IsException(value) ? JS_EXCEPTION : JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED);
  size_t size = 0, name_size = 0;
  const char *written = JS_IsString(json) ? JS_ToCStringLen(ctx, &size, json) : NULL;
  const char *named = written ? JS_AtomToCStringLen(ctx, &name_size, name) : NULL;
  bool fits = named && name_size <= MOST_NAME && size <= MOST_PROPERTIES && text->size + 6 * name_size + size + 8 <= MOST_PROPERTIES;
  if (fits) {
    buffer_text(text, text->size > 1 ? "," : "");
    buffer_json_string(text, named, name_size);
    buffer_text(text, ":");
    size_t at = text->size;
    buffer_put(text, written, size);
    if (!text->failed) mend_surrogates(text->data + at, size);
  }
  if (!named) JS_FreeValue(ctx, JS_GetException(ctx));
  if (written) JS_FreeCString(ctx, written);
  if (named) JS_FreeCString(ctx, named);
  JS_FreeValue(ctx, json);
  JS_FreeValue(ctx, value);
  return fits;
}

static bool is_named(JSContext *ctx, JSAtom atom, const char *name) {
  JSAtom other = JS_NewAtom(ctx, name);
  JS_FreeAtom(ctx, other);
  return atom == other;
}

/* What an error says beside name, message and stack: its own enumerable properties, as JSON in `text`. Reading them runs
   the hook's code. What throws, is no JSON or too large is left out. */
static void read_properties(JSContext *ctx, JSValueConst error, struct buffer *text) {
  JSPropertyEnum *names = NULL;
  uint32_t count = 0, kept = 0;
  buffer_text(text, "{");
  if (JS_GetOwnPropertyNames(ctx, &names, &count, error, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    count = 0;
  }
  for (uint32_t i = 0; i < count && kept < MOST_MEMBERS; i++) {
    JSAtom name = names[i].atom;
    if (is_named(ctx, name, "name") || is_named(ctx, name, "message") || is_named(ctx, name, "stack")) continue;
    kept += put_property(ctx, error, name, text);
  }
  JS_FreePropertyEnum(ctx, names, count);
  buffer_text(text, "}");
}

uint64_t outcome_error(JSContext *ctx, const char *kind, const char *code, JSValue thrown) {
  struct buffer properties = {0};
  size_t name_size = 0, message_size = 0, stack_size = 0;
  const char *name = NULL, *message = NULL, *stack = NULL;
  if (JS_IsObject(thrown)) {
    name = property_text(ctx, thrown, "name", &name_size);
    message = property_text(ctx, thrown, "message", &message_size);
    if (JS_IsError(thrown)) stack = property_text(ctx, thrown, "stack", &stack_size);
  }
  if (!message) message = printed(ctx, thrown, &message_size);
  if (*kind == 'r' && JS_IsError(thrown)) read_properties(ctx, thrown, &properties);
  outcome_begin(kind);
  code = limit_code(name ? name : "", message ? message : "", code);
  /* Where there is no memory for the error that says so, the engine throws null or an error without a message. */
  bool mute = JS_IsNull(thrown) || JS_IsUndefined(thrown) || !message || (name && !strcmp(name, "InternalError") && (!*message || !strcmp(message, "Invalid error message")));
  if (mute && heap_was_full()) code = "memory_limit";
  field("code", code, strlen(code), MOST_NAME);
  field("name", name ? name : "Error", name ? name_size : 5, MOST_NAME);
  field("message", message ? message : "", message_size, MOST_MESSAGE);
  field("stack", stack ? stack : "", stack_size, MOST_STACK);
  /* As text: whether the host can read it is no question of the whole reply. */
  if (properties.size > 2 && !properties.failed) field("properties", properties.data, properties.size, properties.size);
  if (name) JS_FreeCString(ctx, name);
  if (message) JS_FreeCString(ctx, message);
  if (stack) JS_FreeCString(ctx, stack);
  JS_FreeValue(ctx, thrown);
  return outcome_end();
}
