/* `native.crypto`, its part with public and private keys. */
#include <string.h>
#include "crypto_call.h"

#define MOST_RSA 512

FUNCTION(rsa_public) {
  struct bytes n, e, in;
  TAKE("bbb", &n, &e, &in);
  if (n.size > MOST_RSA || in.size != n.size) return crypto_wrong(c);
  ROOM(out, n.size);
  return crypto_give(c, crypto_rsa_public(n.at, n.size, e.at, e.size, in.at, out), out, n.size);
}

FUNCTION(rsa_private) {
  struct rsa_key key;
  struct bytes in;
  TAKE("bbbbbbbb", &key.n, &key.e, &key.p, &key.q, &key.dp, &key.dq, &key.qi, &in);
  if (key.n.size > MOST_RSA || in.size != key.n.size) return crypto_wrong(c);
  ROOM(out, in.size);
  return crypto_give(c, crypto_rsa_private(&key, in.at, out), out, in.size);
}

static bool is_digest(int32_t kind, int32_t mask_kind, struct bytes digest) {
  return digest.size && digest.size == crypto_hash_length(kind) && crypto_hash_length(mask_kind);
}

FUNCTION(pss_encode) {
  int32_t kind, mask_kind, salt, bits;
  struct bytes hashed;
  TAKE("iibii", &kind, &mask_kind, &hashed, &salt, &bits);
  if (!is_digest(kind, mask_kind, hashed) || salt < 0 || salt > MOST_RSA || bits < 16 || bits > MOST_RSA * 8) return crypto_wrong(c);
  crypto_draw();
  ROOM(out, MOST_RSA);
  return crypto_give(c, crypto_pss_encode(kind, mask_kind, hashed.at, salt, bits, out), out, (bits + 7) / 8);
}

FUNCTION(pss_verify) {
  int32_t kind, mask_kind, salt, bits;
  struct bytes hashed, in;
  TAKE("iibiib", &kind, &mask_kind, &hashed, &salt, &bits, &in);
  if (!is_digest(kind, mask_kind, hashed) || bits < 16 || bits > MOST_RSA * 8 || in.size != (size_t)(bits + 7) / 8) return crypto_wrong(c);
  return JS_NewBool(c, crypto_pss_verify(kind, mask_kind, hashed.at, salt, bits, in.at));
}

FUNCTION(oaep_encode) {
  int32_t kind, mask_kind, size;
  struct bytes label, in;
  TAKE("iibbi", &kind, &mask_kind, &label, &in, &size);
  if (!crypto_hash_length(kind) || !crypto_hash_length(mask_kind) || size < 0 || size > MOST_RSA) return crypto_wrong(c);
  crypto_draw();
  ROOM(out, size);
  return crypto_give(c, crypto_oaep_encode(kind, mask_kind, label.at, label.size, in.at, in.size, out, size), out, size);
}

FUNCTION(oaep_decode) {
  int32_t kind, mask_kind;
  struct bytes label, in;
  TAKE("iibb", &kind, &mask_kind, &label, &in);
  if (!crypto_hash_length(kind) || !crypto_hash_length(mask_kind)) return crypto_wrong(c);
  ROOM(out, in.size);
  if (in.size) memcpy(out, in.at, in.size);
  int32_t at = crypto_oaep_decode(kind, mask_kind, label.at, label.size, out, in.size);
  if (at >= 0) memmove(out, out + at, in.size - at);
  return crypto_give(c, at >= 0, out, at < 0 ? 0 : in.size - at);
}

/* ecGenerate(curve): the secret and the point, one behind the other */
FUNCTION(ec_generate) {
  int32_t curve;
  TAKE("i", &curve);
  uint32_t size = crypto_ec_size(curve);
  crypto_draw();
  ROOM(out, 3 * size + 1);
  return crypto_give(c, crypto_ec_generate(curve, out, out + size), out, 3 * size + 1);
}

FUNCTION(ec_public) {
  int32_t curve;
  struct bytes secret;
  TAKE("ib", &curve, &secret);
  uint32_t size = 2 * crypto_ec_size(curve) + 1;
  ROOM(out, size);
  return crypto_give(c, crypto_ec_public(curve, secret.at, secret.size, out), out, size);
}

FUNCTION(ec_point) {
  int32_t curve;
  struct bytes point;
  TAKE("ib", &curve, &point);
  uint32_t size = 2 * crypto_ec_size(curve) + 1;
  ROOM(out, size);
  return crypto_give(c, crypto_ec_point(curve, point.at, point.size, out), out, size);
}

FUNCTION(ec_sign) {
  int32_t curve;
  struct bytes secret, hashed;
  TAKE("ibb", &curve, &secret, &hashed);
  uint32_t size = 2 * crypto_ec_size(curve);
  crypto_draw();
  ROOM(out, size);
  return crypto_give(c, crypto_ec_sign(curve, secret.at, secret.size, hashed.at, hashed.size, out), out, size);
}

FUNCTION(ec_verify) {
  int32_t curve;
  struct bytes public, hashed, signature;
  TAKE("ibbb", &curve, &public, &hashed, &signature);
  return JS_NewBool(c, crypto_ec_verify(curve, public.at, public.size, hashed.at, hashed.size, signature.at, signature.size));
}

FUNCTION(ec_derive) {
  int32_t curve;
  struct bytes secret, public;
  TAKE("ibb", &curve, &secret, &public);
  uint32_t size = crypto_ec_size(curve);
  ROOM(out, size);
  return crypto_give(c, crypto_ec_derive(curve, secret.at, secret.size, public.at, public.size, out), out, size);
}

FUNCTION(ed25519_public) {
  struct bytes seed;
  TAKE("b", &seed);
  if (seed.size != 32) return crypto_wrong(c);
  ROOM(out, 32);
  return crypto_give(c, crypto_ed25519_public(seed.at, out), out, 32);
}

FUNCTION(ed25519_sign) {
  struct bytes seed, data;
  TAKE("bb", &seed, &data);
  if (seed.size != 32) return crypto_wrong(c);
  ROOM(out, 64);
  return crypto_give(c, crypto_ed25519_sign(seed.at, data.at, data.size, out), out, 64);
}

FUNCTION(ed25519_verify) {
  struct bytes public, data, signature;
  TAKE("bbb", &public, &data, &signature);
  if (public.size != 32 || signature.size != 64) return crypto_wrong(c);
  return JS_NewBool(c, crypto_ed25519_verify(public.at, data.at, data.size, signature.at));
}

/* x25519(secret, point): the base point where it is empty */
FUNCTION(x25519) {
  struct bytes secret, public;
  TAKE("bb", &secret, &public);
  if (secret.size != 32 || (public.size && public.size != 32)) return crypto_wrong(c);
  ROOM(out, 32);
  return crypto_give(c, crypto_x25519(secret.at, public.size ? public.at : NULL, out), out, 32);
}
