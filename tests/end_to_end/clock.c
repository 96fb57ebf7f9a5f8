/* The machine's clock, set forwards or back by as many seconds as a file says: eight bytes, named by CLOCK_OFFSET.

   Loaded before the C library (LD_PRELOAD). The monotonic clock is as it is, as where an operator sets the time. */

typedef struct { long seconds, nanoseconds; } moment;

extern char *getenv(const char *);
extern int open(const char *, int, ...);
extern void *mmap(void *, unsigned long, int, int, int, long);
extern void *dlsym(void *, const char *);

static const long nothing = 0;
static const volatile long *offset = &nothing;
static int (*real)(int, moment *);

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("CLOCK_OFFSET");
    int descriptor = file ? open(file, 0) : -1;
    if (descriptor >= 0) {
        offset = mmap(0, sizeof *offset, 1, 1, descriptor, 0);
    }
}

int clock_gettime(int clock, moment *now) {
    if (!real) {
        real = dlsym((void *)-1L, "clock_gettime");
    }
    int failed = real(clock, now);
    if (clock == 0 && !failed) {
        now->seconds += *offset;
    }
    return failed;
}

long time(long *also) {
    moment now;
    clock_gettime(0, &now);
    if (also) {
        *also = now.seconds;
    }
    return now.seconds;
}
