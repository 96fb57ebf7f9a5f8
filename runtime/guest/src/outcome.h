/* Writes the answer of one export: a JSON document in `out`.

   {"outcome": "answer", "value": <JSON>}, no value for undefined | {"outcome": "failure", "code", "name", "message", "stack"}
   | {"outcome": "refusal", likewise, "properties": <an object's JSON, as text>} | {"outcome": "pending", "timer": ms or null, "operations": [...]} | {"outcome": "loaded"}
   and in each: "console": [[level, text]...], "console_dropped": n, "memory": bytes.

   The host believes none of it: it checks every field. What this file owes is that no hook, whatever it throws, can
   make it crash, run user code outside the limits, or write something that is not UTF-8. */
#ifndef HOOKD_OUTCOME_H
#define HOOKD_OUTCOME_H
#include "buffer.h"
#include "quickjs.h"

struct console {
  struct buffer lines; /* JSON arrays, separated by commas */
  uint32_t kept, dropped, bytes;
};

extern struct buffer out;
extern struct console console;

void outcome_begin(const char *kind);
uint64_t outcome_end(void);
/* The value as JSON; what can not be written becomes a failure. */
uint64_t outcome_answer(JSContext *ctx, JSValueConst value, uint32_t most);
/* kind refusal or failure; `thrown` is freed. JavaScript's own out-of-memory and stack errors replace `code`. */
uint64_t outcome_error(JSContext *ctx, const char *kind, const char *code, JSValue thrown);
uint64_t outcome_failure(const char *code, const char *message);
/* What console.log would print for a value; set by the prelude. Called with an array of values. */
extern JSValue outcome_format;
#endif
