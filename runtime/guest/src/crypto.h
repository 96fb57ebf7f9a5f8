/* What Zig computes for crypto.c: crypto_*.zig. Sizes are checked by the caller, false means that an argument is no key,
   no point, no signature. */
#ifndef HOOKD_CRYPTO_H
#define HOOKD_CRYPTO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "quickjs.h"

/* Defines `native.crypto`. */
void crypto_define(JSContext *ctx, JSValueConst native);
/* Whether entropy was drawn since then: what was made of it must not be the same in every request. */
void crypto_begin(void);
bool crypto_drew(void);

struct bytes {
  const uint8_t *at;
  size_t size;
};
struct rsa_key {
  struct bytes n, e, p, q, dp, dq, qi;
};

uint32_t crypto_hash_length(uint32_t kind);
bool crypto_hash_extends(uint32_t kind);
uint32_t crypto_hash_size(uint32_t kind, bool keyed);
void crypto_hash_init(uint32_t kind, void *state);
void crypto_hash_update(uint32_t kind, void *state, const void *data, size_t size);
void crypto_hash_final(uint32_t kind, void *state, uint8_t *out, size_t size);
bool crypto_mac_init(uint32_t kind, void *state, const uint8_t *key, size_t size);
void crypto_mac_final(uint32_t kind, void *state, uint8_t *out);
bool crypto_pbkdf2(uint32_t kind, const uint8_t *password, size_t password_size, const uint8_t *salt, size_t salt_size, uint32_t rounds,
                   uint8_t *out, size_t size);
bool crypto_hkdf(uint32_t kind, const uint8_t *key, size_t key_size, const uint8_t *salt, size_t salt_size, const uint8_t *info,
                 size_t info_size, uint8_t *out, size_t size);
bool crypto_scrypt(const uint8_t *password, size_t password_size, const uint8_t *salt, size_t salt_size, uint32_t n, uint32_t r, uint32_t p,
                   uint8_t *out, size_t size);

uint32_t crypto_cipher_size(void);
void crypto_cipher_init(void *state, uint32_t mode, bool decrypts, const uint8_t *key, size_t key_size, const uint8_t *iv, size_t iv_size);
void crypto_cipher_padding(void *state, bool pads);
void crypto_cipher_aad(void *state, const uint8_t *data, size_t size);
size_t crypto_cipher_update(void *state, uint8_t *out, const uint8_t *in, size_t size);
int32_t crypto_cipher_final(void *state, uint8_t out[16]);

bool crypto_rsa_public(const uint8_t *n, size_t size, const uint8_t *e, size_t e_size, const uint8_t *in, uint8_t *out);
bool crypto_rsa_private(const struct rsa_key *key, const uint8_t *in, uint8_t *out);
bool crypto_pss_encode(uint32_t kind, uint32_t mask_kind, const uint8_t *digest, uint32_t salt_size, uint32_t bits, uint8_t *out);
bool crypto_pss_verify(uint32_t kind, uint32_t mask_kind, const uint8_t *digest, int32_t salt_size, uint32_t bits, const uint8_t *in);
bool crypto_oaep_encode(uint32_t kind, uint32_t mask_kind, const uint8_t *label, size_t label_size, const uint8_t *in, size_t size,
                        uint8_t *out, size_t total);
int32_t crypto_oaep_decode(uint32_t kind, uint32_t mask_kind, const uint8_t *label, size_t label_size, uint8_t *in, size_t total);

uint32_t crypto_ec_size(uint32_t curve);
bool crypto_ec_generate(uint32_t curve, uint8_t *secret, uint8_t *public);
bool crypto_ec_public(uint32_t curve, const uint8_t *secret, size_t size, uint8_t *public);
bool crypto_ec_point(uint32_t curve, const uint8_t *point, size_t size, uint8_t *public);
bool crypto_ec_sign(uint32_t curve, const uint8_t *secret, size_t secret_size, const uint8_t *digest, size_t size, uint8_t *out);
bool crypto_ec_verify(uint32_t curve, const uint8_t *public, size_t public_size, const uint8_t *digest, size_t size,
                      const uint8_t *signature, size_t signature_size);
bool crypto_ec_derive(uint32_t curve, const uint8_t *secret, size_t size, const uint8_t *public, size_t public_size, uint8_t *out);
bool crypto_ed25519_public(const uint8_t seed[32], uint8_t public[32]);
bool crypto_ed25519_sign(const uint8_t seed[32], const uint8_t *data, size_t size, uint8_t out[64]);
bool crypto_ed25519_verify(const uint8_t public[32], const uint8_t *data, size_t size, const uint8_t signature[64]);
bool crypto_x25519(const uint8_t secret[32], const uint8_t *public, uint8_t out[32]);
#endif
