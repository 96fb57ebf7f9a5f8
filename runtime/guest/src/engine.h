/* What the guest needs of QuickJS's inside. engine.c is the one place that sees it. */
#ifndef HOOKD_ENGINE_H
#define HOOKD_ENGINE_H
#include "quickjs.h"

/* Map and Set hash with this. Must not change while the context holds a Map that is not empty. */
void engine_set_hash_seed(JSContext *ctx, uint32_t seed);
/* performance.now() counts from here. */
void engine_set_time_origin(JSContext *ctx);
#endif
