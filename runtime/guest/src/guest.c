/* The guest: QuickJS-ng behind a few exports. Life of an image: boot, load, and there the host copies the memory.
   Life of a request: (the host starts from the copy) invoke, and resume as long as the hook waits for operations.

   Everything in here may be the hook's by the time it runs: a hole in QuickJS gives a hook this whole memory. So the
   guest promises nothing about its answers; the wall around it is wasm's, and the host checks. */
#include <stdlib.h>
#include <string.h>
#include "abi.h"
#include "base64.h"
#include "bytes.h"
#include "crypto.h"
#include "engine.h"
#include "heap.h"
#include "host.h"
#include "operations.h"
#include "outcome.h"
#include "utf8.h"
#include "words.h"

#define EXPORT(name) __attribute__((export_name(name)))
/* Garbage is thrown away with the sandbox, so a collection pays only for hooks that make megabytes of it. */
#define GC_THRESHOLD (8 << 20)
/* The heap that an ordinary request takes: it must not grow the memory, which costs a system call and page faults. */
#define ROOM (32 << 10)
/* What the library's evaluation makes beside itself: names, functions of the engine that it is the first to use. */
#define LIBRARY_ROOM (1 << 20)
/* What an ordinary source leaves. */
#define SOURCE_ROOM (24 << 10)
#define SHAPES_ROOM 128
#define NAMES_ROOM 8000 /* the library's with what else there is */

static JSRuntime *rt;
static JSContext *ctx;
static JSValue native;       /* at build time: C functions for the prelude and the library */
static struct heap_places places;
/* The host reads the byte behind the request: whether the hook has called cb(error), however it ends after that. */
static uint8_t in[IN_SIZE + 64] __attribute__((aligned(64))); /* whole cells of the host's image, see image.py */
static uint8_t *request_at = in;
static bool was_reserved;    /* it lies where `reserve` said */
static uint8_t *room;        /* what it said last */
static uint32_t room_size;

static JSValue hook;         /* what the source exports */
static JSValue fire, waits, run_ticks; /* the prelude's timers, and what process.nextTick was given */
static bool ticking;         /* something was */
static JSValue deliver;      /* and its operations */

/* What the hook did so far in this request. */
static struct {
  uint32_t answers, operations;
  JSValue error, value;      /* of the first cb */
  JSValue promise;           /* what the hook returned, if it was a thenable */
  JSValue unhandled;         /* the first rejection that nobody handles, and its promise */
  JSValue unhandled_promise;
  bool too_many_operations;
} run;

static const struct request *request(void) { return (const struct request *)request_at; }

static JSValue js_callback(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  if (run.answers++ == 0) {
    run.error = argc > 0 ? JS_DupValue(c, argv[0]) : JS_UNDEFINED;
    run.value = argc > 1 ? JS_DupValue(c, argv[1]) : JS_UNDEFINED;
    in[IN_SIZE] = JS_ToBool(c, run.error);
  }
  return JS_UNDEFINED;
}

static JSValue js_random(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  return JS_NewFloat64(c, random_double());
}

/* emit(level, text): one console line, kept as long as the limits allow. */
static JSValue js_emit(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t size, level_size;
  const char *level = JS_ToCStringLen(c, &level_size, argv[0]);
  const char *text = JS_ToCStringLen(c, &size, argv[1]);
  if (!level || !text) return JS_EXCEPTION;
  if (console.kept >= request()->console_lines || size > request()->console_bytes - console.bytes) {
    console.dropped++;
  } else {
    if (console.kept++) buffer_put(&console.lines, ",", 1);
    console.bytes += (uint32_t)size;
    buffer_put(&console.lines, "[", 1);
    buffer_json_string(&console.lines, level, level_size);
    buffer_put(&console.lines, ",", 1);
    buffer_json_string(&console.lines, text, size);
    buffer_put(&console.lines, "]", 1);
  }
  JS_FreeCString(c, level);
  JS_FreeCString(c, text);
  return JS_UNDEFINED;
}

/* count(): one operation more; throws when it is one too many. */
static JSValue js_count(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  if (run.operations++ < request()->operations) return JS_UNDEFINED;
  run.too_many_operations = true;
  return JS_ThrowRangeError(c, "too many operations: the limit is %u", request()->operations);
}

static JSValue js_tick(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)c, (void)self, (void)argc, (void)argv;
  ticking = true;
  return JS_UNDEFINED;
}

/* What js/inspect/ asks the engine about a value: JavaScript itself can not tell. */
static JSValue js_promise_state(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return JS_NewInt32(c, JS_PromiseState(c, argv[0])); /* below 0: no promise */
}

static JSValue js_promise_result(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return JS_PromiseResult(c, argv[0]);
}

static JSValue js_proxy_target(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  if (!JS_IsProxy(argv[0])) return JS_UNDEFINED;
  JSValue target = JS_GetProxyTarget(c, argv[0]);
  if (JS_IsObject(target)) return target;
  JS_FreeValue(c, JS_GetException(c));
  return JS_NULL;
}

static JSValue js_proxy_handler(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return JS_GetProxyHandler(c, argv[0]);
}

static JSValue js_class_name(JSContext *c, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  JSAtom name = engine_class_name(c, argv[0]);
  return name == JS_ATOM_NULL ? JS_UNDEFINED : JS_AtomToString(c, name);
}

static void on_rejection(JSContext *c, JSValueConst promise, JSValueConst reason, bool handled, void *opaque) {
  (void)opaque;
  if (!handled && JS_IsUndefined(run.unhandled_promise)) {
    run.unhandled_promise = JS_DupValue(c, promise);
    run.unhandled = JS_DupValue(c, reason);
  } else if (handled && JS_IsStrictEqual(c, promise, run.unhandled_promise)) {
    JS_FreeValue(c, run.unhandled_promise);
    run.unhandled_promise = JS_UNDEFINED;
  }
}

static void begin_run(void) {
  run.answers = run.operations = 0;
  run.too_many_operations = false;
  run.error = run.value = run.promise = run.unhandled = run.unhandled_promise = JS_UNDEFINED;
  buffer_clear(&console.lines);
  console.kept = console.dropped = console.bytes = 0;
  host_now_ms = request()->now_ms;
  random_seed(request()->seed);
  crypto_begin();
  uint32_t seed;
  random_bytes((uint8_t *)&seed, sizeof seed);
  engine_set_hash_seed(ctx, seed);
  JS_UpdateStackTop(rt);
  heap_limit(request()->memory_bytes);
  operations_most = request()->operation_bytes;
  operations_begin();
  engine_set_time_origin(ctx);
}

/* As many as the image reaches. */
static void make_pages(const uint8_t *bytes) {
  uint32_t wanted = ((const struct image *)bytes)->pages;
  size_t pages = __builtin_wasm_memory_size(0);
  if (wanted > pages && __builtin_wasm_memory_grow(0, wanted - pages) == SIZE_MAX) __builtin_trap();
}

static void restore(const uint8_t *bytes) {
  struct image image;
  memcpy(&image, bytes, sizeof image);
  make_pages(bytes);
  bytes += sizeof image;
  for (uint32_t i = 0; i < image.runs; i++) {
    struct run_head { uint32_t at, size; } head;
    memcpy(&head, bytes, sizeof head);
    memcpy((void *)(uintptr_t)head.at, bytes + sizeof head, head.size);
    bytes += sizeof head + head.size;
  }
}

static bool drain(JSValue *thrown) {
  JSContext *c;
  int ran;
  do {
    if (ticking) {
      ticking = false;
      if (JS_IsException(JS_Call(ctx, run_ticks, JS_UNDEFINED, 0, NULL))) break;
    }
    while ((ran = JS_ExecutePendingJob(rt, &c)) > 0) {}
    if (ran < 0) break;
    if (!ticking) return true;
  } while (true);
  *thrown = JS_GetException(ctx);
  return false;
}

/* A thenable becomes a promise of ours; anything else that a hook returns means nothing (as in Node). */
static bool take_promise(JSValue returned, JSValue *thrown) {
  if (!JS_IsObject(returned)) {
    JS_FreeValue(ctx, returned);
    return true;
  }
  if (JS_IsPromise(returned)) {
    run.promise = returned;
    return true;
  }
  JSValue then = JS_GetPropertyStr(ctx, returned, "then");
  bool thenable = JS_IsFunction(ctx, then), failed = JS_IsException(then);
  JS_FreeValue(ctx, then);
  if (thenable) {
    JSValue settle[2];
    run.promise = JS_NewPromiseCapability(ctx, settle);
    JSValue done = JS_Call(ctx, settle[0], JS_UNDEFINED, 1, (JSValueConst *)&returned);
    failed = JS_IsException(done);
    JS_FreeValue(ctx, done);
    JS_FreeValue(ctx, settle[0]);
    JS_FreeValue(ctx, settle[1]);
  }
  JS_FreeValue(ctx, returned);
  if (failed) *thrown = JS_GetException(ctx);
  return !failed;
}

static uint64_t threw(JSValue thrown) {
  return outcome_error(ctx, "failure", run.too_many_operations ? "operation_limit" : "threw", thrown);
}

/* Whether a timer is set or an operation is under way: then the answer is `pending`, and that is 0 where there is none. */
static uint64_t pending(void) {
  JSValue busy = JS_NewBool(ctx, operations_wait()), wait = JS_Call(ctx, waits, JS_UNDEFINED, 1, (JSValueConst *)&busy);
  double ms = -1;
  if (JS_IsException(wait) || JS_ToFloat64(ctx, &ms, wait) < 0) return threw(JS_GetException(ctx));
  if (ms < 0 && !operations_wait()) return 0;
  outcome_begin("pending");
  buffer_text(&out, ",\"timer\":");
  if (ms < 0) buffer_text(&out, "null");
  else buffer_number(&out, ms);
  buffer_text(&out, ",\"operations\":[");
  operations_write(&out);
  buffer_text(&out, "]");
  return outcome_end();
}

static uint64_t no_image(void) {
  outcome_begin("pending");
  buffer_text(&out, ",\"timer\":0,\"operations\":[]");
  return outcome_end();
}

/* The hook's code has run as far as it can: what is there to say? */
static uint64_t conclude(void) {
  JSPromiseStateEnum state = JS_IsUndefined(run.promise) ? JS_PROMISE_NOT_A_PROMISE : JS_PromiseState(ctx, run.promise);
  if (state == JS_PROMISE_REJECTED) return threw(JS_PromiseResult(ctx, run.promise));
  if (state == JS_PROMISE_FULFILLED) {
    JSValue value = JS_PromiseResult(ctx, run.promise);
    if (!JS_IsUndefined(value) && run.answers++ == 0) run.value = value;
  }
  if (run.answers > 1) return outcome_failure("answered_twice", "cb was called more than once, or a value was returned beside it.");
  if (run.answers == 1) {
    if (JS_ToBool(ctx, run.error)) return outcome_error(ctx, "refusal", "refused", run.error);
    return outcome_answer(ctx, run.value, request()->output_bytes);
  }
  uint64_t waiting = pending();
  if (waiting) operations_sent();
  if (waiting) return waiting; /* what nobody handled is a failure only when nothing else comes: older Nodes warn, too */
  if (!JS_IsUndefined(run.unhandled_promise)) return threw(run.unhandled);
  return outcome_failure("no_answer", "The hook ended without calling cb and without returning a value.");
}

static uint64_t settle(JSValue returned) {
  JSValue thrown = JS_UNDEFINED;
  if (JS_IsException(returned)) return threw(JS_GetException(ctx));
  if (!take_promise(returned, &thrown) || !drain(&thrown)) return threw(thrown);
  return conclude();
}

static void define(JSValueConst object, const char *name, JSCFunction *function, int length) {
  JS_DefinePropertyValueStr(ctx, object, name, JS_NewCFunction(ctx, function, name, length), JS_PROP_C_W_E);
}

static JSValue eval_script(const char *text, size_t size, const char *name, int line, int flags) {
  JSEvalOptions options = {.version = JS_EVAL_OPTIONS_VERSION, .eval_flags = JS_EVAL_TYPE_GLOBAL | flags, .filename = name, .line_num = line};
  return JS_Eval2(ctx, text, size, &options);
}

static char *payload(void) { return (char *)request_at + sizeof(struct request) + request()->image_size; }

/* Room for a request that is larger than `in`, above the first `pages` pages, which the request's image will fill. */
EXPORT("reserve") uint8_t *reserve(uint32_t size, uint32_t pages) {
  heap_make_room(1); /* or a heap that nothing has been taken from would think that it is its own */
  size_t now = __builtin_wasm_memory_size(0);
  was_reserved = true;
  if (room && size <= room_size && pages <= now) return request_at = room; /* what the last request said has been read */
  if (pages > now && __builtin_wasm_memory_grow(0, pages - now) == SIZE_MAX) return NULL;
  size_t grown = __builtin_wasm_memory_grow(0, (size + 65535) / 65536);
  if (grown == SIZE_MAX) return NULL;
  room_size = (size + 65535) & ~65535u;
  return request_at = room = (uint8_t *)(grown * 65536);
}

EXPORT("in_address") uint8_t *in_address(void) { return in; }

/* For the test that no two requests share one: JavaScript can not see it. */
EXPORT("hash_seed") uint32_t hash_seed(void) { return engine_hash_seed(ctx); }

/* The engine's table of names grows by half when it is full; done here, it is not in every hook's image. */
static void make_room_for_names(void) {
  JSAtom atoms[256];
  char name[] = "hookd:00";
  for (int i = 0; i < 256; i++) {
    name[6] = (char)('A' + i / 16);
    name[7] = (char)('A' + i % 16);
    atoms[i] = JS_NewAtom(ctx, name);
  }
  for (int i = 255; i >= 0; i--) JS_FreeAtom(ctx, atoms[i]);
}

/* For the build only. Payload: the prelude's or the library's source. Answers its bytecode without source and line numbers. */
EXPORT("compile") uint64_t compile(uint8_t *at) {
  request_at = at;
  if (!(rt = JS_NewRuntime()) || !(ctx = JS_NewContext(rt))) return 0;
  JSValue function = eval_script(payload(), request()->payload_size, "hookd:node", 1, JS_EVAL_FLAG_COMPILE_ONLY | JS_EVAL_FLAG_BACKTRACE_BARRIER);
  if (JS_IsException(function)) return outcome_error(ctx, "failure", "syntax_error", JS_GetException(ctx));
  size_t size;
  uint8_t *bytes = JS_WriteObject(ctx, &size, function, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE | JS_WRITE_OBJ_STRIP_DEBUG);
  return (uint64_t)(uintptr_t)bytes << 32 | size;
}

/* Payload: the prelude's bytecode, an expression that gives a function(native) -> {format, fire, waits, runTicks}. 0 on success.
   From bytecode, for the garbage that a parser leaves would lie in every sandbox. */
EXPORT("boot") int32_t boot(uint8_t *at) {
  request_at = at;
  host_now_ms = request()->now_ms;
  rt = JS_NewRuntime();
  if (!rt) return 1;
  JS_SetMaxStackSize(rt, JS_STACK_SIZE);
  JS_SetHostPromiseRejectionTracker(rt, on_rejection, NULL);
  if (!(ctx = JS_NewContext(rt))) return 2;
  begin_run();
  JSValue code = JS_ReadObject(ctx, (const uint8_t *)payload(), request()->payload_size, JS_READ_OBJ_BYTECODE);
  JSValue prelude = JS_EvalFunction(ctx, code);
  native = JS_NewObject(ctx);
  JSValue global = JS_GetGlobalObject(ctx), math = JS_GetPropertyStr(ctx, global, "Math");
  define(native, "emit", js_emit, 2);
  define(native, "count", js_count, 0);
  define(native, "start", operations_start, 2);
  define(native, "cancel", operations_cancel, 1);
  define(native, "base64Encode", base64_encode, 2);
  define(native, "base64Decode", base64_decode, 1);
  define(native, "tick", js_tick, 0);
  define(native, "className", js_class_name, 1);
  define(native, "utf8Encode", utf8_encode, 1);
  define(native, "utf8Decode", utf8_decode, 1);
  define(native, "promiseState", js_promise_state, 1);
  define(native, "promiseResult", js_promise_result, 1);
  define(native, "proxyTarget", js_proxy_target, 1);
  define(native, "proxyHandler", js_proxy_handler, 1);
  JS_DefinePropertyValueStr(ctx, math, "random", JS_NewCFunction(ctx, js_random, "random", 0), JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
  JSValue inside = JS_Call(ctx, prelude, JS_UNDEFINED, 1, (JSValueConst *)&native);
  if (JS_IsException(inside)) return 3;
  outcome_format = JS_GetPropertyStr(ctx, inside, "format");
  fire = JS_GetPropertyStr(ctx, inside, "fire");
  waits = JS_GetPropertyStr(ctx, inside, "waits");
  deliver = JS_GetPropertyStr(ctx, inside, "deliver");
  run_ticks = JS_GetPropertyStr(ctx, inside, "runTicks");
  JS_FreeValue(ctx, math);
  JS_FreeValue(ctx, global);
  JS_FreeValue(ctx, inside);
  JS_FreeValue(ctx, prelude);
  request_at = in;
  return 0;
}

/* For the build, after `boot`: the memory of hooks that have no use for the library. */
EXPORT("plain") void plain(void) {
  JS_FreeValue(ctx, native);
  JS_RunGC(rt);
  was_reserved = false;
  room = NULL;
  make_room_for_names();
  engine_set_gc_room(rt, GC_THRESHOLD);
  heap_seal();
  heap_make_room(ROOM);
}

/* For the build, between `boot` and `library`. */
EXPORT("library_room") void library_room(void) { heap_make_room(LIBRARY_ROOM); }

/* Payload: the library's bytecode, an expression that gives a function(native) -> function(). The first makes everything,
   in the high arena; the second makes it known, where requests look for it. */
static JSValue evaluate_library(void) {
  JSValue code = JS_ReadObject(ctx, (const uint8_t *)payload(), request()->payload_size, JS_READ_OBJ_BYTECODE);
  JSValue library = JS_EvalFunction(ctx, code), thrown;
  bytes_define(ctx, native);
  crypto_define(ctx, native); /* C functions that only the library uses lie with it */
  if (JS_IsException(library)) return library;
  JSValue install = JS_Call(ctx, library, JS_UNDEFINED, 1, (JSValueConst *)&native);
  JS_FreeValue(ctx, library);
  JS_FreeValue(ctx, native);
  if (!JS_IsException(install) && !drain(&thrown)) return JS_Throw(ctx, thrown);
  JS_RunGC(rt);
  return install;
}

static JSValue installed; /* the names that it has made known */

/* For the build, after `boot`. The request lies behind the high arena. Answers what went wrong, 0 on success. */
EXPORT("library") uint64_t library(uint8_t *at) {
  request_at = at;
  if (!engine_make_room_for_names(rt, NAMES_ROOM)) return outcome_failure("memory_limit", "no room for the names");
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) JS_NewAtom(ctx, words[i]);
  heap_open_high((uintptr_t)at);
  heap_enter(true);
  JSValue install = evaluate_library();
  heap_leave(true);
  if (JS_IsException(install)) return threw(JS_GetException(ctx));
  engine_undo_autoinits(rt);
  installed = JS_Call(ctx, install, JS_UNDEFINED, 0, NULL);
  if (JS_IsException(installed)) return threw(JS_GetException(ctx));
  JS_FreeValue(ctx, install);
  JS_RunGC(rt);
  request_at = in;
  was_reserved = false;
  room = NULL;
  if (!engine_settle(rt, SHAPES_ROOM)) return outcome_failure("memory_limit", "no room for the tables");
  make_room_for_names();
  engine_set_gc_room(rt, GC_THRESHOLD);
  places = heap_close_high(ROOM + SOURCE_ROOM);
  heap_seal();
  return places.low_end ? 0 : outcome_failure("memory_limit", "LIBRARY_ROOM is too small");
}

/* For the build, when it has copied the memory. */
EXPORT("library_names") uint64_t library_names(void) { return outcome_answer(ctx, installed, 65536); }

/* Where the memory of an ordinary request ends, and where the library does. */
EXPORT("arenas") uint64_t arenas(void) { return (uint64_t)places.low_end << 32 | places.high_end; }

static JSValue new_module(JSValue *require) {
  JSValue global = JS_GetGlobalObject(ctx), module = JS_NewObject(ctx);
  JS_DefinePropertyValueStr(ctx, module, "exports", JS_NewObject(ctx), JS_PROP_C_W_E);
  *require = JS_GetPropertyStr(ctx, global, "require");
  JS_FreeValue(ctx, global);
  return module;
}

/* Evaluates the payload, a CommonJS source that stands in a function of Node's parameters from line 1 on. */
static uint64_t evaluate(void) {
  JSValue wrapper = eval_script(payload(), request()->payload_size, "hook.js", 0, JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(wrapper)) return outcome_error(ctx, "failure", "syntax_error", JS_GetException(ctx));
  JSValue function = JS_EvalFunction(ctx, wrapper), require, module = new_module(&require);
  JSValue exports = JS_GetPropertyStr(ctx, module, "exports"), file = JS_NewString(ctx, "/hook.js"), folder = JS_NewString(ctx, "/");
  JSValueConst arguments[] = {exports, require, module, file, folder};
  JSValue done = JS_IsException(function) ? JS_EXCEPTION : JS_Call(ctx, function, exports, 5, arguments), thrown;
  if (JS_IsException(done)) return threw(JS_GetException(ctx));
  if (!drain(&thrown)) return threw(thrown);
  hook = JS_GetPropertyStr(ctx, module, "exports");
  if (JS_IsException(hook)) return threw(JS_GetException(ctx));
  if (!JS_IsFunction(ctx, hook)) return outcome_failure("not_a_function", "module.exports is not a function.");
  JS_FreeValue(ctx, function), JS_FreeValue(ctx, module), JS_FreeValue(ctx, exports), JS_FreeValue(ctx, require);
  JS_FreeValue(ctx, file), JS_FreeValue(ctx, folder);
  return 0;
}

static uint64_t load_here(void) {
  begin_run();
  uint64_t failed = evaluate();
  if (failed) return failed;
  uint64_t waiting = pending(); /* what is asked for stays asked for: `invoke` takes it along */
  if (waiting) return waiting;
  if (crypto_drew()) return no_image(); /* every request would have the same */
  JS_RunGC(rt);
  engine_set_gc_room(rt, GC_THRESHOLD);
  outcome_begin("loaded");
  uint64_t answer = outcome_end();
  heap_seal();
  heap_make_room(ROOM);
  if (request_at != in) memset(payload(), 0, request()->payload_size); /* or the image would hold the source twice */
  return answer;
}

/* Payload: the wrapped source. Answers loaded, pending (it waits for something that no image can keep) or failure. */
EXPORT("load") uint64_t load(void) {
  was_reserved = false;
  uint64_t answer = load_here();
  request_at = in; /* where the next request lies, unless it asks for room */
  return answer;
}

static __attribute__((noinline)) uint64_t invoke_here(void) {
  uint8_t *here = request_at;
  if (request()->image_size) restore(here + sizeof(struct request));
  request_at = here;
  was_reserved = false;
  if (request()->stack_pages) JS_SetMaxStackSize(rt, request()->stack_pages * 65536 - (STACK_SIZE - JS_STACK_SIZE));
  begin_run();
  JSValue list = JS_ParseJSON(ctx, payload(), request()->payload_size, "arguments");
  if (JS_IsException(list)) return threw(JS_GetException(ctx));
  JSValue arguments[8];
  int count = 0;
  for (int64_t length = 0; count < 7 && JS_GetLength(ctx, list, &length) == 0 && count < length; count++) {
    arguments[count] = JS_GetPropertyUint32(ctx, list, (uint32_t)count);
    if (JS_IsNull(arguments[count])) arguments[count] = JS_UNDEFINED;
  }
  arguments[count] = JS_NewCFunction(ctx, js_callback, "cb", 2);
  return settle(JS_Call(ctx, hook, JS_UNDEFINED, count + 1, (JSValueConst *)arguments));
}

static uint8_t *stack_pointer(void) {
  uint8_t *top;
  __asm__ volatile(".globaltype __stack_pointer, i32\nglobal.get __stack_pointer\nlocal.set %0" : "=r"(top));
  return top;
}

static void move_stack_pointer(uint8_t *top) {
  __asm__ volatile(".globaltype __stack_pointer, i32\nlocal.get %0\nglobal.set __stack_pointer" : : "r"(top));
}

/* Image: the hook's. Payload: a JSON array of its arguments; null at the top level is undefined to the hook.
   A larger stack lies behind all that is there, and behind what the image will fill. Nothing of this function lies on a stack. */
EXPORT("invoke") uint64_t invoke(void) {
  uint32_t pages = request()->stack_pages;
  if (!pages) return invoke_here();
  if (request()->image_size) make_pages(request_at + sizeof(struct request));
  size_t at = __builtin_wasm_memory_grow(0, pages);
  if (at == SIZE_MAX) __builtin_trap();
  uint8_t *usual = stack_pointer();
  move_stack_pointer((uint8_t *)((at + pages) * 65536));
  uint64_t answer = invoke_here();
  move_stack_pointer(usual);
  return answer;
}

/* Runs the timers that are due, one after the other, and the microtasks after each. Whether nothing was thrown. */
static bool run_timers(JSValue *thrown) {
  for (;;) {
    JSValue more = JS_Call(ctx, fire, JS_UNDEFINED, 0, NULL);
    if (JS_IsException(more)) *thrown = JS_GetException(ctx);
    if (JS_IsException(more) || !drain(thrown)) return false;
    if (!JS_ToBool(ctx, more) || run.answers > 0) return true;
  }
}

/* Settles the operations that are done, likewise. */
static bool deliver_results(JSValueConst results, JSValue *thrown) {
  int64_t count = 0;
  if (JS_GetLength(ctx, results, &count) < 0) count = 0;
  for (int64_t i = 0; i < count && run.answers == 0; i++) {
    JSValue result = JS_GetPropertyInt64(ctx, results, i);
    JSValue known = JS_Call(ctx, deliver, JS_UNDEFINED, 1, (JSValueConst *)&result);
    JS_FreeValue(ctx, result);
    if (JS_IsException(known)) *thrown = JS_GetException(ctx);
    if (JS_ToBool(ctx, known)) operations_settled();
    if (JS_IsException(known) || !drain(thrown)) return false;
  }
  return true;
}

/* Time has passed, and operations are done: the payload is a JSON array of their results, in that order. */
EXPORT("resume") uint64_t resume(void) {
  if (!was_reserved) request_at = in; /* however large the one before was */
  was_reserved = false;
  host_now_ms = request()->now_ms;
  JS_UpdateStackTop(rt);
  JSValue thrown, results = JS_ParseJSON(ctx, payload(), request()->payload_size, "results");
  if (JS_IsException(results)) return threw(JS_GetException(ctx));
  if (!run_timers(&thrown) || !deliver_results(results, &thrown)) return threw(thrown);
  JS_FreeValue(ctx, results);
  return conclude();
}
