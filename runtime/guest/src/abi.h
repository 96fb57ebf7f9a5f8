/* The wall between host and guest, in numbers. runtime/sandbox/abi.py is its twin; a test compares the two.

   The host writes one request into `in`, calls one export, reads the answer. All integers are little-endian.
   An export returns the answer's place: address << 32 | length. Nothing is imported. */
#ifndef HOOKD_ABI_H
#define HOOKD_ABI_H
#include <stdint.h>

#define ABI_VERSION 2
#define IN_SIZE 16384       /* a larger request goes where `reserve` says */
#define STACK_SIZE 196608   /* C stack, at the very start of memory; below it lies the wall */
#define JS_STACK_SIZE 163840 /* of it, what JavaScript may use before it gets a RangeError */
#define MAX_PAGES 2176      /* 136 MiB, the most that a memory can ever be: a hook's 128, and the library */

/* Of a reply that is no answer, in bytes: an error's name (and its code), message and stack, its properties together, how many there are. */
#define MOST_NAME 128
#define MOST_MESSAGE 4096
#define MOST_STACK 8192
#define MOST_PROPERTIES 8192
#define MOST_MEMBERS 50

/* The head of a request. Behind it lie `image_size` bytes of image, then `payload_size` bytes of payload. */
struct request {
  double now_ms;            /* the frozen clock, milliseconds since the epoch */
  uint8_t seed[32];         /* entropy of this request; never used twice */
  uint32_t memory_bytes;    /* limits, see runtime/model.py */
  uint32_t output_bytes;
  uint32_t console_lines;
  uint32_t console_bytes;
  uint32_t operations;
  uint32_t operation_bytes; /* what all of them may ask for, as JSON */
  uint32_t image_size;
  uint32_t payload_size;
  uint32_t stack_pages;     /* for `invoke`: a larger stack than JS_STACK_SIZE, of so many pages; 0 for the usual one */
  uint32_t unused;          /* so that its size is a multiple of 8, as C has it */
};

/* An image is what evaluating a hook's source changed in memory: its size in pages, the number of runs, the runs. */
struct image {
  uint32_t pages;
  uint32_t runs;
};
struct run {
  uint32_t at;
  uint32_t size;            /* so many bytes follow */
};
#endif
