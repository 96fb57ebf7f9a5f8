/* What the guest does with its heap beside malloc and free. */
#ifndef HOOKD_HEAP_H
#define HOOKD_HEAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_MOST (256u << 20) /* no larger block, whatever is asked for */

size_t malloc_usable_size(void *payload);
/* The whole memory grows to this and no further; then malloc gives NULL. */
void heap_limit(uint32_t bytes);
/* Whether malloc gave NULL since the limit was set. */
bool heap_was_full(void);
/* Before a copy is taken: what is free becomes zeros, which no image has to keep, and its small blocks are given up, so
   that what comes next lies side by side. */
void heap_seal(void);
/* So many bytes at least can be had without growing the memory. */
void heap_make_room(uint32_t bytes);
#endif
