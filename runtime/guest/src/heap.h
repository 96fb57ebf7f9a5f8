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
/* The size of the memory in bytes, without the library. */
uint32_t heap_size(void);
/* So many bytes at least can be had without growing the memory. */
void heap_make_room(uint32_t bytes);

/* At build time, once: the high arena, for the library, goes from where the heap ends to what somebody put behind it.
   Between `heap_enter(true)` and `heap_leave` malloc takes from it. */
void heap_open_high(uintptr_t until);
bool heap_enter(bool high);
void heap_leave(bool entered);
extern bool heap_is_high;
/* Whether a block lies in the high arena. */
bool heap_lies_high(const void *payload);
/* For good. The low arena ends behind `room` bytes that are free. Both zero where it had too little room. */
struct heap_places {
  uint32_t low_end, high_end;
} heap_close_high(uint32_t room);
#endif
