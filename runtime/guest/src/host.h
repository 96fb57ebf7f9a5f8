/* The host as the rest of the guest sees it: a clock and chance, both of this request only. */
#ifndef HOOKD_HOST_H
#define HOOKD_HOST_H
#include <stdint.h>

extern double host_now_ms;
void random_seed(const uint8_t seed[32]);
void random_bytes(uint8_t *out, uint32_t size);
double random_double(void); /* in [0, 1), 53 bits */
#endif
