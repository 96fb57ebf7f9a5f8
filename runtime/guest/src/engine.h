/* What the guest needs of QuickJS's inside. engine.c is the one place that sees it. */
#ifndef HOOKD_ENGINE_H
#define HOOKD_ENGINE_H
#include <stddef.h>
#include <stdbool.h>
#include "quickjs.h"

/* What a Map or Set hashes with that is made from now on. */
void engine_set_hash_seed(JSContext *ctx, uint32_t seed);
uint32_t engine_hash_seed(JSContext *ctx);
/* performance.now() counts from here. */
void engine_set_time_origin(JSContext *ctx);
/* Whether a function may take so much more of the stack. */
bool engine_has_stack(JSContext *ctx, size_t bytes);
#endif
