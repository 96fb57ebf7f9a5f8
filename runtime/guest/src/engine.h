/* What the guest needs of QuickJS's inside. engine.c is the one place that sees it. */
#ifndef HOOKD_ENGINE_H
#define HOOKD_ENGINE_H
#include <stdbool.h>
#include <stddef.h>
#include "quickjs.h"

/* What a Map or Set hashes with that is made from now on. */
void engine_set_hash_seed(JSContext *ctx, uint32_t seed);
uint32_t engine_hash_seed(JSContext *ctx);
/* performance.now() counts from here. */
void engine_set_time_origin(JSContext *ctx);
/* Whether a function may take so much more of the stack. */
bool engine_has_stack(JSContext *ctx, size_t bytes);
/* What kind of object the engine takes it for, whatever its prototypes say; not to be freed. */
JSAtom engine_class_name(JSContext *ctx, JSValueConst value);
/* A collection runs when so many bytes more are in use. */
void engine_set_gc_room(JSRuntime *rt, size_t bytes);
/* The table of names has so many places; it has not to grow until then. */
bool engine_make_room_for_names(JSRuntime *rt, int size);
/* What the library was the first to use becomes what it was before anybody used it. */
void engine_undo_autoinits(JSRuntime *rt);
/* Everything that there is stays for good: no collection looks at it. There is room for so many shapes more. */
bool engine_settle(JSRuntime *rt, int shapes);
#endif
