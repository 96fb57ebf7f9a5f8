/* What Buffer, TextEncoder and TextDecoder do with many bytes at once. */
#ifndef HOOKD_BYTES_H
#define HOOKD_BYTES_H
#include "quickjs.h"

/* bytesText, bytesWrite, bytesCompare, bytesIndex, bytesSwap, bytesAreUtf8, utf8Length */
void bytes_define(JSContext *ctx, JSValueConst object);
#endif
