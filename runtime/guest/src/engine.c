/* QuickJS-ng itself, with a door to the few private fields that a snapshot must renew. `build.py` puts the one call to
   `stack_header` into its `build_backtrace`, and those that choose the arena where the engine makes what requests write to. */
#include "heap.h"
#include "quickjs.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct DynBuf;
static void stack_header(JSContext *ctx, JSValueConst error, struct DynBuf *text);
/* Names below this one are there for good. */
static int lasting_atoms;

struct JSObject;
struct JSShapeProperty;
struct JSProperty;
static void note_autoinit(struct JSObject *object, struct JSShapeProperty *slot, struct JSProperty *property);

#include "quickjs.c"
#include "engine.h"

static int lasting_atoms = JS_ATOM_END;

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
JSAtom engine_class_name(JSContext *ctx, JSValueConst value) {
  if (!JS_IsObject(value)) return JS_ATOM_NULL;
  return ctx->rt->class_array[JS_GetClassID(value)].class_name;
}

void engine_set_gc_room(JSRuntime *rt, size_t bytes) { rt->malloc_gc_threshold = rt->malloc_state.malloc_size + bytes; }

/* Objects that no list has are never looked at by a collection; whatever refers to them counts as ever. Who frees one
   takes it out of the list that it is, and a shape of theirs that grows joins the others. */
static void retire_objects(JSRuntime *rt) {
  struct list_head *at, *next;
  list_for_each_safe(at, next, &rt->gc_obj_list) init_list_head(at);
  init_list_head(&rt->gc_obj_list);
}

/* Nothing else shares the shapes of the library; looking for one of another object must not come by them. */
static bool retire_shapes(JSRuntime *rt, int room) {
  int count = 0;
  for (int i = 0; i < rt->shape_hash_size; i++) {
    for (JSShape **at = &rt->shape_hash[i]; *at;) {
      if (heap_lies_high(*at)) *at = (*at)->shape_hash_next;
      else at = &(*at)->shape_hash_next, count++;
    }
  }
  rt->shape_hash_count = count;
  int bits = 6;
  while (1 << bits < 2 * (count + room)) bits++;
  return resize_shape_hash(rt, bits) == 0;
}

/* Functions of the engine that the library was the first to use: hooks make their own, which lie low. */
static struct noted {
  struct noted *next;
  JSObject *object;
  int slot;
  JSProperty property;
} *noted;

static void note_autoinit(JSObject *object, JSShapeProperty *slot, JSProperty *property) {
  if (!heap_is_high || heap_lies_high(object)) return;
  struct noted *note = malloc(sizeof *note);
  *note = (struct noted){noted, object, (int)(slot - get_shape_prop(object->shape)), *property};
  JS_DupContext(js_autoinit_get_realm(property));
  noted = note;
}

void engine_undo_autoinits(JSRuntime *rt) {
  for (; noted; noted = noted->next) {
    JSShapeProperty *slot = &get_shape_prop(noted->object->shape)[noted->slot];
    JSProperty *property = &noted->object->prop[noted->slot];
    if (slot->flags & JS_PROP_TMASK) continue;
    JS_FreeValueRT(rt, property->u.value);
    *property = noted->property;
    slot->flags |= JS_PROP_AUTOINIT;
  }
}

bool engine_make_room_for_names(JSRuntime *rt, int size) {
  JSAtomStruct **names = js_realloc_rt(rt, rt->atom_array, (size_t)size * sizeof *names);
  if (!names) return false;
  for (int i = size; i-- > rt->atom_size;) {
    names[i] = atom_set_free(rt->atom_free_index);
    rt->atom_free_index = (uint32_t)i;
  }
  rt->atom_array = names;
  rt->atom_size = size;
  return true;
}

/* Looking for a name comes by those of the library last. */
static bool retire_names(JSRuntime *rt) {
  int size = 1024;
  while (size < rt->atom_count) size *= 2;
  uint32_t *table = js_mallocz_rt(rt, (size_t)size * sizeof *table);
  if (!table) return false;
  for (int high = 1; high >= 0; high--) {
    for (int i = 1; i < rt->atom_size; i++) {
      JSAtomStruct *name = rt->atom_array[i];
      if (atom_is_free(name) || name->atom_type == JS_ATOM_TYPE_SYMBOL || heap_lies_high(name) != high) continue;
      name->hash_next = table[name->hash & (uint32_t)(size - 1)];
      table[name->hash & (uint32_t)(size - 1)] = (uint32_t)i;
    }
  }
  js_free_rt(rt, rt->atom_hash);
  rt->atom_hash = table;
  rt->atom_hash_size = size;
  rt->atom_count_resize = JS_ATOM_COUNT_RESIZE(size);
  return true;
}

/* A place below that is free stays so: what is made in it would not be counted. */
static void keep_names(JSRuntime *rt) {
  lasting_atoms = rt->atom_size;
  rt->atom_free_index = 0;
  while (atom_is_free(rt->atom_array[lasting_atoms - 1])) {
    lasting_atoms--;
    rt->atom_array[lasting_atoms] = atom_set_free(rt->atom_free_index);
    rt->atom_free_index = (uint32_t)lasting_atoms;
  }
  for (int i = 1; i < lasting_atoms; i++) {
    if (!atom_is_free(rt->atom_array[i])) JS_REF_COUNT(rt->atom_array[i])++;
  }
}

bool engine_settle(JSRuntime *rt, int shapes) {
  retire_objects(rt);
  keep_names(rt);
  return retire_names(rt) && retire_shapes(rt, shapes);
}
