/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* Text: bounded copies, UTF-8, nearest name, JSON Pointers. Threads: any. */

#include <stdbool.h>
#include <stddef.h>

/* Copies from into to (size bytes, NUL included), cut at a whole UTF-8 character.
 * Returns to. */
char *text_copy(char *to, size_t size, const char *from);

/* Both NULL or both equal. */
bool text_equal(const char *a, const char *b);

/* True if bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(const char *bytes, size_t size);

/* How many of bytes are valid UTF-8 before the first that is not; size: all. */
size_t text_utf8_size(const char *bytes, size_t size);

/* Writes bytes for a log line or a terminal: control characters, DEL and bytes that are
 * not UTF-8 as \xNN, the rest as it is; cut with "..." at size. Returns to. */
char *text_escape(char *to, size_t size, const void *bytes, size_t length);

/* The name of names that is nearest to name by edit distance (two neighbours exchanged
 * are one edit), if near enough to be what was meant (a third of its length, 3 at most);
 * else the shortest that begins with it (of 3 bytes or more); else NULL. Borrowed from
 * names. */
const char *text_nearest(const char *name, const char *const *names, size_t count);

/* True if pointer is prefix itself or lies below it ("/a/b" lies below "/a"). */
bool text_pointer_below(const char *pointer, const char *prefix);

/* Appends "/" and name with ~ and / escaped (RFC 6901) to to, of size bytes, holding
 * length bytes. Returns the new length, or 0 if it does not fit. */
size_t text_pointer_append(char *to, size_t size, size_t length, const char *name);

/* Lower case of ASCII letters, in place. Returns text. */
char *text_lower(char *text);

/* True if id is a name of ours: 1 to 64 of a-z 0-9 -, starting with a letter or digit. */
bool text_is_id(const char *id);

#endif
