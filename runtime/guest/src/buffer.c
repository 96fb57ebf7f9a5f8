#include "buffer.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_clear(struct buffer *b) {
  b->size = 0;
  b->failed = false;
}

void buffer_free(struct buffer *b) {
  free(b->data);
  *b = (struct buffer){0};
}

void buffer_put(struct buffer *b, const char *text, size_t size) {
  if (b->failed) return;
  if (b->size + size > b->room) {
    size_t room = (b->size + size) * 2 + 1024;
    char *data = realloc(b->data, room);
    if (!data) {
      b->failed = true;
      return;
    }
    b->data = data;
    b->room = room;
  }
  memcpy(b->data + b->size, text, size);
  b->size += size;
}

void buffer_text(struct buffer *b, const char *text) { buffer_put(b, text, strlen(text)); }

/* A whole number that is not negative. Not by printf, which is a microsecond for each. */
void buffer_number(struct buffer *b, double value) {
  char digits[24];
  size_t at = sizeof digits;
  uint64_t rest = (uint64_t)value;
  do digits[--at] = (char)('0' + rest % 10); while (rest /= 10);
  buffer_put(b, digits + at, sizeof digits - at);
}

void buffer_json_string(struct buffer *b, const char *text, size_t size) {
  buffer_put(b, "\"", 1);
  size_t from = 0;
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    char escaped[8];
    const char *instead = NULL;
    size_t taken = 1;
    if (c == '"' || c == '\\') {
      escaped[0] = '\\', escaped[1] = (char)c, escaped[2] = 0;
      instead = escaped;
    } else if (c < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", c);
      instead = escaped;
    } else if (c == 0xED && i + 2 < size && (unsigned char)text[i + 1] >= 0xA0) {
      instead = "\xEF\xBF\xBD";
      taken = 3;
    }
    if (!instead) continue;
    buffer_put(b, text + from, i - from);
    buffer_text(b, instead);
    i += taken - 1;
    from = i + 1;
  }
  buffer_put(b, text + from, size - from);
  buffer_put(b, "\"", 1);
}
