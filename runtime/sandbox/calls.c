/* A request's calls into wasmtime's C API, made by one call from Python: each crossing of ctypes costs as much as
   instantiating the guest should. Twin of calls.py.

   The clock is here too. Its thread never takes Python's lock, so a call that is bound to be short may keep the lock: nobody is
   invited to take it, ten times a request, and the hook is stopped all the same.

   Uses no libc, so that one file fits every system of a processor: what it needs comes as pointers. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct functions { /* of wasmtime and of the system, in the order of calls.py */
  void *(*store_new)(void *engine, void *data, void *finalizer);
  void *(*store_context)(void *store);
  void (*store_delete)(void *store);
  void (*set_deadline)(void *context, uint64_t ticks);
  void *(*instance_new)(void *context, void *module, void *imports, size_t count, void *instance, void **trap);
  bool (*export_nth)(void *context, void *instance, size_t index, char **name, size_t *length, void *item);
  uint8_t *(*memory_data)(void *context, void *memory);
  size_t (*memory_size)(void *context, void *memory);
  void *(*call)(void *context, void *function, void *values, size_t count, void **trap);
  bool (*trap_code)(void *trap, uint8_t *code);
  void (*trap_delete)(void *trap);
  void (*error_delete)(void *error);
  void (*increment_epoch)(void *engine);
  void *(*memcpy)(void *to, const void *from, size_t size);
  ptrdiff_t (*read)(int file, void *to, size_t size);
  ptrdiff_t (*write)(int file, const void *from, size_t size);
  int (*usleep)(unsigned microseconds);
};

struct host {
  struct functions f;
  void *engine, *module;
  void *code;                    /* the module less its memory */
  uint64_t memory, reserve;      /* which of their exports */
  uint64_t memory_size;          /* bytes of a fresh sandbox */
  uint64_t in_address, in_size;  /* where a request goes that is not too large */
  uint32_t tick_us, idle_ticks;  /* the clock's step; after how many without a call it rests */
  int32_t bell_read, bell_write; /* a pipe, to wake it */
  uint32_t running, resting, closing;
};

struct item { /* wasmtime_extern_t */
  uint8_t kind;
  uint64_t of[4];
};

union value { /* wasmtime_val_raw_t */
  int32_t i32;
  int64_t i64;
  uint64_t bytes[2];
};

struct sandbox {
  void *store, *context;
  uint64_t instance[2]; /* wasmtime_instance_t */
  uint8_t *start;       /* of its memory, which never moves */
  uint8_t *reply;
  uint64_t reply_size;
  uint32_t trap;
};

enum { DONE, NO_ROOM, TRAPPED, FAILED, TOO_LARGE, TOO_LONG, OUTSIDE };
#define UNKNOWN_TRAP 255

static void find(const struct host *h, struct sandbox *s, uint64_t index, struct item *found) {
  char *name;
  size_t length;
  h->f.export_nth(s->context, s->instance, index, &name, &length, found);
}

/* The guest, over a memory of its own, or over the one that an image is. */
static void *instantiate(const struct host *h, struct sandbox *s, void *image) {
  void *trap = NULL, *error;
  struct item memory;
  if (!image) return h->f.instance_new(s->context, h->module, NULL, 0, s->instance, &trap);
  if ((error = h->f.instance_new(s->context, image, NULL, 0, s->instance, &trap))) return error;
  find(h, s, 0, &memory);
  return h->f.instance_new(s->context, h->code, &memory, 1, s->instance, &trap);
}

/* `image` is a module that is nothing but a memory, or 0. */
int sandbox_open(const struct host *h, struct sandbox *s, void *image) {
  struct item memory;
  s->store = h->f.store_new(h->engine, NULL, NULL);
  s->context = h->f.store_context(s->store);
  void *error = instantiate(h, s, image);
  if (error) {
    h->f.error_delete(error);
    h->f.store_delete(s->store);
    s->store = NULL;
    return NO_ROOM;
  }
  find(h, s, h->memory, &memory);
  s->start = h->f.memory_data(s->context, memory.of);
  return DONE;
}

uint64_t sandbox_size(const struct host *h, struct sandbox *s) {
  struct item memory;
  find(h, s, h->memory, &memory);
  return h->f.memory_size(s->context, memory.of);
}

void sandbox_close(const struct host *h, struct sandbox *s) {
  if (s->store) h->f.store_delete(s->store);
  s->store = NULL;
}

/* The clock looks at `running` after it has said that it rests, and whoever runs looks at `resting` after it has said so:
   one of them sees the other. */
static void began(struct host *h) {
  __atomic_add_fetch(&h->running, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&h->resting, __ATOMIC_SEQ_CST) && __atomic_exchange_n(&h->resting, 0, __ATOMIC_SEQ_CST))
    h->f.write(h->bell_write, "", 1);
}

/* Calls one export. A tick may come at once, so one more than `ticks` gives it the time of so many at least. */
int sandbox_run(struct host *h, struct sandbox *s, uint64_t export, uint64_t ticks, union value *values, size_t count) {
  struct item function;
  void *trap = NULL;
  uint8_t code;
  find(h, s, export, &function);
  h->f.set_deadline(s->context, ticks + 1);
  began(h);
  void *error = h->f.call(s->context, function.of, values, count, &trap);
  __atomic_sub_fetch(&h->running, 1, __ATOMIC_SEQ_CST);
  if (error) h->f.error_delete(error);
  if (!trap) return error ? FAILED : DONE;
  s->trap = h->f.trap_code(trap, &code) ? code : UNKNOWN_TRAP;
  h->f.trap_delete(trap);
  return TRAPPED;
}

/* Where in the sandbox the request goes, 0 for nowhere. The guest, which is asked for room, may say anything. */
static uint64_t place(struct host *h, struct sandbox *s, uint64_t size, uint64_t pages, uint64_t ticks, int *status) {
  if (size <= h->in_size) return h->in_address;
  union value values[2] = {{.bytes = {0, 0}}, {.bytes = {0, 0}}};
  values[0].i32 = (int32_t)size;
  values[1].i32 = (int32_t)pages;
  *status = sandbox_run(h, s, h->reserve, ticks, values, 2);
  uint64_t at = (uint32_t)values[0].i32;
  if (*status == DONE && (at == 0 || at + size > sandbox_size(h, s))) *status = TOO_LARGE;
  return at;
}

/* Writes a request into the sandbox, calls one export on it, and says where its reply lies, at most `longest` bytes.
   `pages` is how far the request's own image will reach. */
int sandbox_call(struct host *h, struct sandbox *s, uint64_t export, const uint8_t *frame, uint64_t size, uint64_t pages,
                 uint64_t ticks, uint64_t longest) {
  int status = DONE;
  union value values[2] = {{.bytes = {0, 0}}, {.bytes = {0, 0}}};
  uint64_t at = place(h, s, size, pages, ticks, &status);
  if (status != DONE) return status;
  h->f.memcpy(s->start + at, frame, size);
  if ((status = sandbox_run(h, s, export, ticks, values, 1))) return status;
  uint64_t answer = (uint64_t)values[0].i64, from = answer >> 32, length = answer & 0xFFFFFFFF;
  if (length > longest) return TOO_LONG;
  /* The first is cheap, and mostly enough. */
  if (from + length > h->memory_size && from + length > sandbox_size(h, s)) return OUTSIDE;
  s->reply = s->start + from;
  s->reply_size = length;
  return DONE;
}

/* The clock that stops endless hooks, on a thread of its own until the host closes: a tick each `tick_us` while any call
   runs. It rests when none has for a while; to be woken for each would cost as much as a sandbox. */
void keep_time(struct host *h) {
  uint32_t idle = 0;
  while (!__atomic_load_n(&h->closing, __ATOMIC_SEQ_CST)) {
    h->f.usleep(h->tick_us);
    if (__atomic_load_n(&h->running, __ATOMIC_SEQ_CST)) {
      h->f.increment_epoch(h->engine);
      idle = 0;
    } else if (++idle >= h->idle_ticks) {
      char byte;
      idle = 0;
      __atomic_store_n(&h->resting, 1, __ATOMIC_SEQ_CST);
      if (!__atomic_load_n(&h->running, __ATOMIC_SEQ_CST) && !__atomic_load_n(&h->closing, __ATOMIC_SEQ_CST))
        h->f.read(h->bell_read, &byte, 1);
      __atomic_store_n(&h->resting, 0, __ATOMIC_SEQ_CST);
    }
  }
}
