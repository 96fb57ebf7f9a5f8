/* A growing piece of text. On lack of memory it goes dead: `failed` is set and nothing more is added. */
#ifndef HOOKD_BUFFER_H
#define HOOKD_BUFFER_H
#include <stdbool.h>
#include <stddef.h>

struct buffer {
  char *data;
  size_t size, room;
  bool failed;
};

void buffer_clear(struct buffer *b);
void buffer_free(struct buffer *b);
void buffer_put(struct buffer *b, const char *text, size_t size);
void buffer_text(struct buffer *b, const char *text);
void buffer_number(struct buffer *b, double value);
/* `text` as a JSON string: control characters escaped, lone surrogates (as WTF-8) replaced by U+FFFD. */
void buffer_json_string(struct buffer *b, const char *text, size_t size);
#endif
