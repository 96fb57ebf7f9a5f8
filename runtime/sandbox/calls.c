/* A request's calls into wasmtime's C API, made by one call from Python: each crossing of ctypes costs as much as
   instantiating the guest should. Twin of calls.py.

   The clock is here too. Its thread never takes Python's lock, so a call that is bound to be short may keep the lock: nobody is
   invited to take it, ten times a request, and the hook is stopped all the same. It only says when to look; how much CPU time a
   call has had its own thread knows, and what it did not have while the processor was elsewhere it has afterwards.

   Uses no libc, so that one file fits every system of a processor: what it needs comes as pointers. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct time { /* struct timespec */
  int64_t seconds, nanoseconds;
};

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
  void (*deadline_callback)(void *store, void *(*late)(void *, void *, uint64_t *, uint8_t *), void *data, void *finalizer);
  void *(*error_new)(const char *message);
  void *(*memcpy)(void *to, const void *from, size_t size);
  ptrdiff_t (*read)(int file, void *to, size_t size);
  ptrdiff_t (*write)(int file, const void *from, size_t size);
  int (*usleep)(unsigned microseconds);
  int (*clock_gettime)(int clock, struct time *now);
};

struct host {
  struct functions f;
  void *engine, *module;
  void *code;                    /* the module less its memory */
  uint64_t memory, reserve;      /* which of their exports */
  uint64_t memory_size;          /* bytes of a fresh sandbox */
  uint64_t in_address, in_size;  /* where a request goes that is not too large */
  int32_t cpu_clock, wall_clock; /* the system's names of a thread's own time, and of time */
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
  const struct host *host;
  void *store, *context;
  uint64_t instance[2]; /* wasmtime_instance_t */
  uint8_t *start;       /* of its memory, which never moves */
  uint8_t *reply;
  uint64_t reply_size;
  int64_t cpu_end, wall_end; /* when its time is up, nanoseconds of these clocks */
  uint64_t ticks;            /* that pass before, at least */
  uint32_t trap;
  int32_t over; /* why it is: NO_CPU, NO_TIME, or DONE, for it is not */
};

enum { DONE, NO_ROOM, TRAPPED, FAILED, TOO_LARGE, TOO_LONG, OUTSIDE, NO_CPU, NO_TIME };
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

static int64_t now(const struct host *h, int32_t clock) {
  struct time time;
  h->f.clock_gettime(clock, &time);
  return time.seconds * 1000000000 + time.nanoseconds;
}

/* Ticks in which so much time passes at least. One more than that many: the first may come at once. */
static uint64_t ticks(const struct host *h, int64_t nanoseconds) {
  uint64_t tick = h->tick_us * 1000ull;
  return nanoseconds <= 0 ? 1 : ((uint64_t)nanoseconds + tick - 1) / tick + 1;
}

/* The time is up, if the processor was here all the while. Called by wasmtime, on the thread of the call: an error ends it. */
static void *late(void *context, void *data, uint64_t *more, uint8_t *kind) {
  struct sandbox *s = data;
  const struct host *h = s->host;
  (void)context;
  int64_t cpu = s->cpu_end - now(h, h->cpu_clock), wall = s->wall_end - now(h, h->wall_clock);
  s->over = cpu <= 0 ? NO_CPU : wall <= 0 ? NO_TIME : DONE;
  if (s->over) return h->f.error_new("");
  *more = ticks(h, cpu < wall ? cpu : wall);
  *kind = 0; /* WASMTIME_UPDATE_DEADLINE_CONTINUE */
  return NULL;
}

/* `image` is a module that is nothing but a memory, or 0. */
int sandbox_open(const struct host *h, struct sandbox *s, void *image) {
  struct item memory;
  s->host = h;
  s->store = h->f.store_new(h->engine, NULL, NULL);
  h->f.deadline_callback(s->store, late, s, NULL);
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

/* From now on the sandbox has so much CPU time, within so much time. */
static void begin(const struct host *h, struct sandbox *s, int64_t cpu_ns, int64_t wall_ns) {
  s->cpu_end = now(h, h->cpu_clock) + cpu_ns;
  s->wall_end = now(h, h->wall_clock) + wall_ns;
  s->ticks = ticks(h, cpu_ns < wall_ns ? cpu_ns : wall_ns);
}

/* Calls one export. */
static int run(struct host *h, struct sandbox *s, uint64_t export, union value *values, size_t count) {
  struct item function;
  void *trap = NULL;
  uint8_t code;
  find(h, s, export, &function);
  h->f.set_deadline(s->context, s->ticks);
  s->over = DONE;
  began(h);
  void *error = h->f.call(s->context, function.of, values, count, &trap);
  __atomic_sub_fetch(&h->running, 1, __ATOMIC_SEQ_CST);
  if (error) h->f.error_delete(error);
  if (!trap) return !error ? DONE : s->over ? s->over : FAILED;
  s->trap = h->f.trap_code(trap, &code) ? code : UNKNOWN_TRAP;
  h->f.trap_delete(trap);
  return TRAPPED;
}

int sandbox_run(struct host *h, struct sandbox *s, uint64_t export, int64_t cpu_ns, int64_t wall_ns, union value *values,
                size_t count) {
  begin(h, s, cpu_ns, wall_ns);
  return run(h, s, export, values, count);
}

/* Where in the sandbox the request goes, 0 for nowhere. The guest, which is asked for room, may say anything. */
static uint64_t place(struct host *h, struct sandbox *s, uint64_t size, uint64_t pages, int *status) {
  if (size <= h->in_size) return h->in_address;
  union value values[2] = {{.bytes = {0, 0}}, {.bytes = {0, 0}}};
  values[0].i32 = (int32_t)size;
  values[1].i32 = (int32_t)pages;
  *status = run(h, s, h->reserve, values, 2);
  uint64_t at = (uint32_t)values[0].i32;
  if (*status == DONE && (at == 0 || at + size > sandbox_size(h, s))) *status = TOO_LARGE;
  return at;
}

/* Writes a request into the sandbox, calls one export on it, and says where its reply lies, at most `longest` bytes.
   `pages` is how far the request's own image will reach. */
int sandbox_call(struct host *h, struct sandbox *s, uint64_t export, const uint8_t *frame, uint64_t size, uint64_t pages,
                 int64_t cpu_ns, int64_t wall_ns, uint64_t longest) {
  int status = DONE;
  union value values[2] = {{.bytes = {0, 0}}, {.bytes = {0, 0}}};
  begin(h, s, cpu_ns, wall_ns);
  uint64_t at = place(h, s, size, pages, &status);
  if (status != DONE) return status;
  h->f.memcpy(s->start + at, frame, size);
  if ((status = run(h, s, export, values, 1))) return status;
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
