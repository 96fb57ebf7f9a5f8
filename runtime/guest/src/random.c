/* ChaCha20 (RFC 8439) over the request's seed. A snapshot must never decide a nonce, so the state is set anew for each
   request and nothing of it is drawn before. */
#include <string.h>
#include "host.h"

static uint32_t state[16], block[16];
static uint32_t used = sizeof block;

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

static void quarter(uint32_t *x, int a, int b, int c, int d) {
  x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
  x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
  x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
  x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

static void next_block(void) {
  memcpy(block, state, sizeof block);
  for (int i = 0; i < 10; i++) {
    quarter(block, 0, 4, 8, 12), quarter(block, 1, 5, 9, 13), quarter(block, 2, 6, 10, 14), quarter(block, 3, 7, 11, 15);
    quarter(block, 0, 5, 10, 15), quarter(block, 1, 6, 11, 12), quarter(block, 2, 7, 8, 13), quarter(block, 3, 4, 9, 14);
  }
  for (int i = 0; i < 16; i++) block[i] += state[i];
  if (++state[12] == 0) state[13]++;
  used = 0;
}

void random_seed(const uint8_t seed[32]) {
  static const uint8_t constant[] = "expand 32-byte k";
  memcpy(state, constant, 16);
  memcpy(state + 4, seed, 32);
  memset(state + 12, 0, 16);
  used = sizeof block;
}

void random_bytes(uint8_t *out, uint32_t size) {
  for (uint32_t i = 0; i < size; i++) {
    if (used == sizeof block) next_block();
    out[i] = ((uint8_t *)block)[used++];
  }
}

double random_double(void) {
  uint64_t bits;
  random_bytes((uint8_t *)&bits, sizeof bits);
  return (double)(bits >> 11) * 0x1p-53;
}
