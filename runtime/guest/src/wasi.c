/* What libc would import from WASI, defined here, so that the module imports nothing. Time is the request's. */
#include <stdint.h>
#include "host.h"

#define ENOSYS_WASI 52

double host_now_ms;

int32_t __imported_wasi_snapshot_preview1_clock_time_get(int32_t clock, int64_t precision, int32_t result) {
  (void)clock, (void)precision;
  *(uint64_t *)result = (uint64_t)(host_now_ms * 1e6);
  return 0;
}

int close(int fd) { return (void)fd, -1; }
int32_t __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t fd, int32_t result) { return (void)fd, (void)result, ENOSYS_WASI; }
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t by, int32_t whence, int32_t result) {
  return (void)fd, (void)by, (void)whence, (void)result, ENOSYS_WASI;
}
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t from, int32_t count, int32_t result) {
  return (void)fd, (void)from, (void)count, (void)result, ENOSYS_WASI;
}
