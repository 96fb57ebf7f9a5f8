/* malloc for a program that lives for microseconds. Every request restores this memory, so what counts is how small and
   how dense it is: libc's allocator rounds to powers of two, and both it and QuickJS's own arenas keep pages per size.

   A block is a 4-byte head, its size, and the payload, which lies at a multiple of 8. Sizes are multiples of 8 up to
   SMALL, from there on eight steps per doubling. A freed block goes to its size's list; nothing is ever merged or split,
   for the whole heap is soon thrown away. What is new is taken from the top, side by side.

   There are two arenas. Node's library lies in the high one, which is filled at build time and closed for good: a request
   that uses none of it writes no page of it, and pages that are not written cost nothing. A freed block of it is lost. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "heap.h"

#define PAGE 65536u
#define BLOCK 4096u /* of the host's memory */
#define HEAD 4u
#define SMALL 1024u
#define SMALL_SIZES (SMALL / 8 + 1)
#define DOUBLINGS 18 /* 1 KiB << 18 is more than a memory can have */

extern uint8_t __heap_base;

struct free_block {
  struct free_block *next;
};

/* The arena that malloc takes from. Between top and end it is unused; both are the address of a head. */
static struct free_block *free_blocks[SMALL_SIZES + 8 * DOUBLINGS];
static uintptr_t top, end;
static struct arena {
  struct free_block *free_blocks[sizeof free_blocks / sizeof *free_blocks];
  uintptr_t top, end;
} other;
static uintptr_t high_start, high_size;
static uint32_t high_pages; /* which no limit counts */
static size_t most_pages = SIZE_MAX;
static bool was_full;
bool heap_is_high;

static uint32_t *head_of(void *payload) { return (uint32_t *)((uintptr_t)payload - HEAD); }

/* Rounds a block's size up to one that there is, and says which list is its own. */
static uint32_t size_class(uint32_t *size) {
  if (*size <= SMALL) {
    *size = (*size + 7) & ~7u;
    return *size / 8;
  }
  uint32_t doubling = 31 - (uint32_t)__builtin_clz((*size - 1) / SMALL), step = (SMALL / 8) << doubling;
  *size = (*size + step - 1) & ~(step - 1);
  return SMALL_SIZES + doubling * 8 + *size / step - 9;
}

static void change_arena(void) {
  struct arena here = {.top = top, .end = end};
  memcpy(here.free_blocks, free_blocks, sizeof free_blocks);
  memcpy(free_blocks, other.free_blocks, sizeof free_blocks);
  top = other.top, end = other.end;
  other = here;
  heap_is_high = !heap_is_high;
}

bool heap_lies_high(const void *payload) { return (uintptr_t)payload - high_start < high_size; }

bool heap_enter(bool high) {
  if (high == heap_is_high) return false;
  change_arena();
  return true;
}

void heap_leave(bool entered) {
  if (entered) change_arena();
}

/* Memory that somebody else grew lies between: then the heap goes on behind it. */
static bool grow(uint32_t size) {
  if (heap_is_high) return false;
  size_t pages = (size + 8 + PAGE - 1) / PAGE;
  if (__builtin_wasm_memory_size(0) + pages > most_pages) return false;
  size_t at = __builtin_wasm_memory_grow(0, pages);
  if (at == SIZE_MAX) return false;
  uintptr_t start = at * PAGE;
  if (start != end + HEAD) top = start + HEAD;
  end = start + pages * PAGE - HEAD;
  return true;
}

void *malloc(size_t wanted) {
  if (wanted > HEAP_MOST) goto full;
  uint32_t size = (uint32_t)wanted + HEAD, list = size_class(&size);
  struct free_block *block = free_blocks[list];
  if (block) {
    free_blocks[list] = block->next;
    return block;
  }
  if (!top) {
    top = (((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7) + HEAD;
    end = __builtin_wasm_memory_size(0) * PAGE - HEAD;
    if (end < top) end = top;
  }
  if (size > end - top && !grow(size)) goto full;
  *(uint32_t *)top = size;
  void *payload = (void *)(top + HEAD);
  top += size;
  return payload;
full:
  was_full = true;
  errno = ENOMEM;
  return NULL;
}

void free(void *payload) {
  if (!payload) return;
  if (heap_lies_high(payload) != heap_is_high) {
    if (!heap_is_high) return; /* the high arena is closed */
    change_arena();
    free(payload);
    change_arena();
    return;
  }
  uint32_t size = *head_of(payload), list = size_class(&size);
  struct free_block *block = payload;
  block->next = free_blocks[list];
  free_blocks[list] = block;
}

void *calloc(size_t count, size_t each) {
  size_t size;
  if (__builtin_mul_overflow(count, each, &size)) return NULL;
  void *payload = malloc(size);
  return payload ? memset(payload, 0, size) : NULL;
}

/* The last block grows where it is: a buffer that is written into leaves no trail of smaller ones. */
static bool stretch(void *payload, size_t wanted) {
  uint32_t size = (uint32_t)wanted + HEAD, *head = head_of(payload);
  if ((uintptr_t)head + *head != top) return false;
  size_class(&size);
  if (size - *head > end - top) return false;
  top += size - *head;
  *head = size;
  return true;
}

void *realloc(void *payload, size_t wanted) {
  if (!payload) return malloc(wanted);
  if (heap_is_high && !heap_lies_high(payload)) { /* the engine's tables stay where requests have them */
    change_arena();
    payload = realloc(payload, wanted);
    change_arena();
    return payload;
  }
  size_t room = malloc_usable_size(payload);
  if (wanted <= room && wanted + 64 > room / 2) return payload;
  if (wanted > room && wanted <= HEAP_MOST && stretch(payload, wanted)) return payload;
  void *moved = malloc(wanted);
  if (!moved) return NULL;
  memcpy(moved, payload, wanted < room ? wanted : room);
  free(payload);
  return moved;
}

size_t malloc_usable_size(void *payload) { return payload ? *head_of(payload) - HEAD : 0; }

void heap_limit(uint32_t bytes) {
  most_pages = bytes / PAGE + high_pages;
  was_full = false;
}

bool heap_was_full(void) { return was_full; }

uint32_t heap_size(void) { return ((uint32_t)__builtin_wasm_memory_size(0) - high_pages) * PAGE; }

static void seal(bool keep_large) {
  for (size_t list = 0; list < sizeof free_blocks / sizeof *free_blocks; list++) {
    bool keep = keep_large && list >= SMALL_SIZES;
    for (struct free_block *block = free_blocks[list], *next; block; block = next) {
      next = block->next;
      memset(keep ? block + 1 : block, 0, malloc_usable_size(block) - (keep ? sizeof *block : 0));
    }
    if (!keep) free_blocks[list] = NULL;
  }
}

void heap_seal(void) { seal(true); }

void heap_make_room(uint32_t bytes) {
  if (end - top < bytes) grow(bytes);
}

void heap_open_high(uintptr_t until) {
  high_start = end + HEAD;
  high_size = until - high_start;
  other.top = high_start + HEAD;
  other.end = until - HEAD;
}

struct heap_places heap_close_high(uint32_t room) {
  struct heap_places places = {0};
  change_arena();
  seal(false);
  places.high_end = (uint32_t)((top + PAGE - HEAD - 1) & ~(uintptr_t)(PAGE - 1));
  top = end = 0;
  change_arena();
  memset(&other, 0, sizeof other);
  places.low_end = (uint32_t)((top + room + BLOCK) & ~(uintptr_t)(BLOCK - 1));
  if (places.low_end > end + HEAD || end + HEAD > high_start) return (struct heap_places){0};
  end = places.low_end - HEAD;
  high_size = places.high_end - high_start;
  high_pages = places.high_end / PAGE - (places.low_end + PAGE - 1) / PAGE;
  return places;
}
