/* `native.crypto`: the mathematics of Node's crypto as functions of numbers and Uint8Arrays, for the library's JavaScript.
   That JavaScript is the hook's to break, so sizes are checked here too; what an argument means is checked there. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "crypto_call.h"
#include "engine.h"
#include "host.h"

/* std.crypto's deepest function, and more. */
#define STACK 32768

static JSClassID state_class;

/* A hash, a MAC or a cipher that takes its data in pieces. */
struct state {
  enum { HASH, MAC, CIPHER, DONE } type;
  uint32_t kind, size;
  _Alignas(16) uint8_t data[];
};

static void free_state(JSRuntime *rt, JSValueConst value) {
  struct state *state = JS_GetOpaque(value, state_class);
  if (state) js_free_rt(rt, state);
}

bool crypto_take(JSContext *c, int argc, JSValueConst *argv, const char *types, ...) {
  va_list out;
  va_start(out, types);
  bool ok = argc >= (int)strlen(types) && engine_has_stack(c, STACK);
  for (int i = 0; ok && types[i]; i++) {
    if (types[i] == 'i') {
      ok = JS_IsNumber(argv[i]) && JS_ToInt32(c, va_arg(out, int32_t *), argv[i]) == 0;
    } else if (types[i] == 'b') {
      struct bytes *bytes = va_arg(out, struct bytes *);
      bytes->at = JS_GetUint8Array(c, &bytes->size, argv[i]);
      ok = bytes->at || !JS_HasException(c);
      if (!bytes->at) bytes->size = 0;
    } else {
      ok = (*va_arg(out, struct state **) = JS_GetOpaque(argv[i], state_class)) != NULL;
    }
  }
  va_end(out);
  if (!ok && !JS_HasException(c)) {
    if (!engine_has_stack(c, STACK)) JS_ThrowRangeError(c, "Maximum call stack size exceeded");
    else JS_ThrowTypeError(c, "not an argument of this function");
  }
  return ok;
}

JSValue crypto_wrong(JSContext *c) { return JS_ThrowTypeError(c, "not an argument of this function"); }

static void *resize(JSRuntime *rt, void *opaque, void *bytes, size_t size) {
  (void)opaque;
  return js_realloc_rt(rt, bytes, size);
}

JSValue crypto_give(JSContext *c, bool ok, uint8_t *bytes, size_t size) {
  if (ok) return JS_NewUint8Array(c, bytes, size, resize, NULL, false);
  js_free(c, bytes);
  return JS_NULL;
}

static struct state *new_state(JSContext *c, JSValue *object, int type, uint32_t kind, uint32_t size) {
  struct state *state = js_malloc(c, sizeof *state + size);
  *object = state ? JS_NewObjectClass(c, state_class) : JS_EXCEPTION;
  if (!state || JS_IsException(*object)) {
    js_free(c, state);
    return NULL;
  }
  state->type = type, state->kind = kind, state->size = size;
  JS_SetOpaque(*object, state);
  return state;
}

static FUNCTION(hash) {
  int32_t kind;
  TAKE("i", &kind);
  if (!crypto_hash_length(kind)) return crypto_wrong(c);
  JSValue object;
  struct state *state = new_state(c, &object, HASH, kind, crypto_hash_size(kind, false));
  if (state) crypto_hash_init(kind, state->data);
  return object;
}

static FUNCTION(mac) {
  int32_t kind;
  struct bytes key;
  TAKE("ib", &kind, &key);
  if (!crypto_hash_length(kind)) return crypto_wrong(c);
  JSValue object;
  struct state *state = new_state(c, &object, MAC, kind, crypto_hash_size(kind, true));
  if (!state || crypto_mac_init(kind, state->data, key.at, key.size)) return object;
  JS_FreeValue(c, object);
  return JS_NULL;
}

static FUNCTION(copy) {
  struct state *from;
  TAKE("s", &from);
  JSValue object;
  struct state *state = new_state(c, &object, from->type, from->kind, from->size);
  if (state) memcpy(state->data, from->data, from->size);
  return object;
}

/* Lone surrogates become U+FFFD, which is as long; text that has any is a copy of ours. */
static void replace_surrogates(char *text, size_t size) {
  for (size_t i = 0; i + 2 < size; i++) {
    if ((uint8_t)text[i] == 0xED && (uint8_t)text[i + 1] >= 0xA0) memcpy(text + i, "\xEF\xBF\xBD", 3);
  }
}

/* update(state, bytes or text, which is taken as UTF-8) */
static FUNCTION(update) {
  struct state *state;
  struct bytes data;
  TAKE("s", &state);
  if (state->type > MAC || argc < 2) return crypto_wrong(c);
  if (JS_IsString(argv[1])) {
    const char *text = JS_ToCStringLen(c, &data.size, argv[1]);
    if (!text) return JS_EXCEPTION;
    replace_surrogates((char *)text, data.size);
    crypto_hash_update(state->kind, state->data, text, data.size);
    JS_FreeCString(c, text);
  } else {
    TAKE("sb", &state, &data);
    crypto_hash_update(state->kind, state->data, data.at, data.size);
  }
  return JS_UNDEFINED;
}

/* digest(state, length): ends it. Only SHAKE gives another length than its own, and a shorter one is cut. */
static FUNCTION(digest) {
  struct state *state;
  int32_t size;
  TAKE("si", &state, &size);
  bool extends = state->type == HASH && crypto_hash_extends(state->kind);
  if (state->type > MAC || size < 0 || (!extends && (uint32_t)size > crypto_hash_length(state->kind))) return crypto_wrong(c);
  ROOM(out, (size_t)size + 64);
  if (state->type == MAC) crypto_mac_final(state->kind, state->data, out);
  else crypto_hash_final(state->kind, state->data, out, size);
  state->type = DONE;
  return crypto_give(c, true, out, size);
}

static FUNCTION(pbkdf2) {
  int32_t kind, rounds, size;
  struct bytes password, salt;
  TAKE("ibbii", &kind, &password, &salt, &rounds, &size);
  if (rounds < 1 || size < 0) return crypto_wrong(c);
  ROOM(out, size);
  return crypto_give(c, crypto_pbkdf2(kind, password.at, password.size, salt.at, salt.size, rounds, out, size), out, size);
}

static FUNCTION(hkdf) {
  int32_t kind, size;
  struct bytes key, salt, info;
  TAKE("ibbbi", &kind, &key, &salt, &info, &size);
  if (size < 0) return crypto_wrong(c);
  ROOM(out, size);
  return crypto_give(c, crypto_hkdf(kind, key.at, key.size, salt.at, salt.size, info.at, info.size, out, size), out, size);
}

static FUNCTION(scrypt) {
  int32_t n, r, p, size;
  struct bytes password, salt;
  TAKE("bbiiii", &password, &salt, &n, &r, &p, &size);
  if (n < 2 || n & (n - 1) || r < 1 || p < 1 || size < 0 || ((uint64_t)n + p + 1) * r >= 1 << 24) return crypto_wrong(c);
  ROOM(out, size);
  if (crypto_scrypt(password.at, password.size, salt.at, salt.size, n, r, p, out, size)) return crypto_give(c, true, out, size);
  js_free(c, out);
  return JS_ThrowOutOfMemory(c);
}

static bool drew;

void crypto_draw(void) { drew = true; }

void crypto_begin(void) { drew = false; }

bool crypto_drew(void) { return drew; }

static FUNCTION(random_fill) {
  struct bytes out;
  TAKE("b", &out);
  crypto_draw();
  random_bytes((uint8_t *)out.at, out.size);
  return JS_UNDEFINED;
}

/* Of two that are as long. */
static FUNCTION(equal) {
  struct bytes a, b;
  TAKE("bb", &a, &b);
  if (a.size != b.size) return crypto_wrong(c);
  uint8_t different = 0;
  for (size_t i = 0; i < a.size; i++) different |= a.at[i] ^ b.at[i];
  return JS_NewBool(c, !different);
}

/* cipher(mode, decrypts, key, iv) with a mode of crypto_cipher.zig */
static FUNCTION(cipher) {
  int32_t mode, decrypts;
  struct bytes key, iv;
  TAKE("iibb", &mode, &decrypts, &key, &iv);
  if (mode < 0 || mode > 3 || (key.size != 16 && key.size != 24 && key.size != 32)) return crypto_wrong(c);
  if ((mode == 1 || mode == 2) && iv.size != 16) return crypto_wrong(c);
  JSValue object;
  struct state *state = new_state(c, &object, CIPHER, mode, crypto_cipher_size());
  if (state) crypto_cipher_init(state->data, mode, decrypts != 0, key.at, key.size, iv.at, iv.size);
  return object;
}

static FUNCTION(cipher_padding) {
  struct state *state;
  int32_t pads;
  TAKE("si", &state, &pads);
  if (state->type != CIPHER) return crypto_wrong(c);
  crypto_cipher_padding(state->data, pads != 0);
  return JS_UNDEFINED;
}

static FUNCTION(cipher_aad) {
  struct state *state;
  struct bytes data;
  TAKE("sb", &state, &data);
  if (state->type != CIPHER || state->kind != 3) return crypto_wrong(c);
  crypto_cipher_aad(state->data, data.at, data.size);
  return JS_UNDEFINED;
}

static FUNCTION(cipher_update) {
  struct state *state;
  struct bytes data;
  TAKE("sb", &state, &data);
  if (state->type != CIPHER) return crypto_wrong(c);
  ROOM(out, data.size + 16);
  return crypto_give(c, true, out, crypto_cipher_update(state->data, out, data.at, data.size));
}

/* The last bytes; of GCM the tag. -1: not whole blocks, -2: wrong padding. */
static FUNCTION(cipher_final) {
  struct state *state;
  TAKE("s", &state);
  if (state->type != CIPHER) return crypto_wrong(c);
  ROOM(out, 16);
  int32_t size = crypto_cipher_final(state->data, out);
  state->type = DONE;
  if (size >= 0) return crypto_give(c, true, out, state->kind == 3 ? 16 : size);
  js_free(c, out);
  return JS_NewInt32(c, size);
}

static const struct {
  const char *name;
  JSCFunction *function;
} functions[] = {
    {"hash", hash},
    {"mac", mac},
    {"copy", copy},
    {"update", update},
    {"digest", digest},
    {"pbkdf2", pbkdf2},
    {"hkdf", hkdf},
    {"scrypt", scrypt},
    {"random", random_fill},
    {"equal", equal},
    {"cipher", cipher},
    {"cipherPadding", cipher_padding},
    {"cipherAad", cipher_aad},
    {"cipherUpdate", cipher_update},
    {"cipherFinal", cipher_final},
    {"rsaPublic", rsa_public},
    {"rsaPrivate", rsa_private},
    {"pssEncode", pss_encode},
    {"pssVerify", pss_verify},
    {"oaepEncode", oaep_encode},
    {"oaepDecode", oaep_decode},
    {"ecGenerate", ec_generate},
    {"ecPublic", ec_public},
    {"ecPoint", ec_point},
    {"ecSign", ec_sign},
    {"ecVerify", ec_verify},
    {"ecDerive", ec_derive},
    {"ed25519Public", ed25519_public},
    {"ed25519Sign", ed25519_sign},
    {"ed25519Verify", ed25519_verify},
    {"x25519", x25519},
};

void crypto_define(JSContext *ctx, JSValueConst native) {
  static const JSClassDef definition = {"CryptoState", .finalizer = free_state};
  JSRuntime *rt = JS_GetRuntime(ctx);
  JSValue object = JS_NewObject(ctx);
  JS_NewClassID(rt, &state_class);
  JS_NewClass(rt, state_class, &definition);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    JSValue function = JS_NewCFunction(ctx, functions[i].function, functions[i].name, 0);
    JS_DefinePropertyValueStr(ctx, object, functions[i].name, function, JS_PROP_C_W_E);
  }
  JS_DefinePropertyValueStr(ctx, native, "crypto", object, JS_PROP_C_W_E);
}
