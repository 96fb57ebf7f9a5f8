/* What a hook asks the host to do while it waits: fetch, and whatever comes later. The prelude's `operate` starts one, its
   `deliver` settles it; in between the request lies here, as JSON, until the next `pending` takes it along. */
#ifndef HOOKD_OPERATIONS_H
#define HOOKD_OPERATIONS_H
#include "buffer.h"
#include "quickjs.h"

/* A request begins: what it may send is counted from here. What the source asked for while it loaded is kept. */
void operations_begin(void);
/* Whether something was started that is neither settled nor cancelled. */
bool operations_wait(void);
/* {"id", "kind", "detail"} of all that was started, {"id", "kind": "cancel"} of all that was cancelled since they were sent. */
void operations_write(struct buffer *out);
/* They have been sent, and are forgotten. */
void operations_sent(void);
/* One of them is done. */
void operations_settled(void);

/* native.start(kind, detail as JSON) -> id, or -1 where that would be more bytes than `most`; native.cancel(id). */
JSValue operations_start(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
JSValue operations_cancel(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);
/* Bytes that may be asked for in one request. */
extern uint32_t operations_most;

/* Puts U+FFFD where JSON has half a surrogate pair, which is no Unicode text: same length, so in place. */
void mend_surrogates(char *json, size_t size);
#endif
