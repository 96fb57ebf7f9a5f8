/* How crypto.c and crypto_keys.c read arguments and give results. */
#ifndef HOOKD_CRYPTO_CALL_H
#define HOOKD_CRYPTO_CALL_H
#include "crypto.h"

/* Reads arguments: i is an int32_t, b a struct bytes, s a struct state. JavaScript of the caller's is never run. */
bool crypto_take(JSContext *c, int argc, JSValueConst *argv, const char *types, ...);
JSValue crypto_wrong(JSContext *c);
/* What js_malloc gave, as a Uint8Array; null where the computation said no. */
JSValue crypto_give(JSContext *c, bool ok, uint8_t *bytes, size_t size);
/* Something is about to be made of entropy. */
void crypto_draw(void);

#define FUNCTION(name) JSValue name(JSContext *c, JSValueConst self, int argc, JSValueConst *argv)
#define TAKE(...) \
  (void)self; \
  if (!crypto_take(c, argc, argv, __VA_ARGS__)) return JS_EXCEPTION
#define ROOM(name, size) \
  uint8_t *name = js_malloc(c, (size) + 1); \
  if (!name) return JS_EXCEPTION

FUNCTION(rsa_public);
FUNCTION(rsa_private);
FUNCTION(pss_encode);
FUNCTION(pss_verify);
FUNCTION(oaep_encode);
FUNCTION(oaep_decode);
FUNCTION(ec_generate);
FUNCTION(ec_public);
FUNCTION(ec_point);
FUNCTION(ec_sign);
FUNCTION(ec_verify);
FUNCTION(ec_derive);
FUNCTION(ed25519_public);
FUNCTION(ed25519_sign);
FUNCTION(ed25519_verify);
FUNCTION(x25519);
#endif
