/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at p (at most left bytes), or 0 if it is not one. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n > left) {
        return 0;
    }
    uint32_t code = p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3Fu);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code >= least[n] && code <= 0x10FFFF && !surrogate ? n : 0;
}

char *text_copy(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    memmove(to, from, length);
    to[length] = '\0';
    return to;
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Eight bytes, all of them ASCII. */
static bool is_ascii_word(const unsigned char *p, size_t left)
{
    uint64_t word;
    if (left < sizeof word) {
        return false;
    }
    memcpy(&word, p, sizeof word);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

size_t text_utf8_size(const char *bytes, size_t size)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t i = 0;
    while (i < size) {
        size_t n = is_ascii_word(p + i, size - i) ? 8 : utf8_length(p + i, size - i);
        if (n == 0) {
            return i;
        }
        i += n;
    }
    return i;
}

bool text_is_utf8(const char *bytes, size_t size)
{
    return text_utf8_size(bytes, size) == size;
}

char *text_escape(char *to, size_t size, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t n = utf8_length(p + i, length - i);
        bool plain = n > 1 || (n == 1 && p[i] >= 0x20 && p[i] != 0x7F);
        size_t need = plain ? n : 4;
        if (used + need + 4 > size) {
            memcpy(to + used, "...", 4);
            return to;
        }
        if (plain) {
            memcpy(to + used, p + i, n);
        } else {
            snprintf(to + used, 5, "\\x%02X", p[i]);
        }
        used += need;
        i += plain ? n : 1;
    }
    to[used] = '\0';
    return to;
}

enum { NEAREST_LENGTH = 64, BEGUN_LEAST = 3 };

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits from a to b, both at most NEAREST_LENGTH bytes: a byte more, less or another, or
 * two neighbours exchanged (optimal string alignment). */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_LENGTH + 1]; /* of a's bytes so far: i % 3 */
    size_t width = strlen(b);
    size_t i = 0;
    for (size_t j = 0; j <= width; j++) {
        rows[0][j] = j;
    }
    for (; a[i] != '\0'; i++) {
        const size_t *before = rows[(i + 2) % 3];
        const size_t *above = rows[i % 3];
        size_t *row = rows[(i + 1) % 3];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t least = above[j] + (a[i] != b[j]);
            least = lesser(least, lesser(above[j + 1], row[j]) + 1);
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
                least = lesser(least, before[j - 1] + 1);
            }
            row[j + 1] = least;
        }
    }
    return rows[i % 3][width];
}

/* The shortest of names that begin with name; NULL: none. */
static const char *find_begun(const char *name, size_t length, const char *const *names,
                              size_t count)
{
    const char *best = NULL;
    for (size_t i = 0; i < count && length >= BEGUN_LEAST; i++) {
        if (strncmp(names[i], name, length) == 0 &&
            (best == NULL || strlen(names[i]) < strlen(best))) {
            best = names[i];
        }
    }
    return best;
}

const char *text_nearest(const char *name, const char *const *names, size_t count)
{
    size_t length = strlen(name);
    if (length > NEAREST_LENGTH) {
        return NULL;
    }
    size_t best_distance = length / 3 < 3 ? length / 3 : 3;
    if (best_distance == 0) {
        best_distance = 1;
    }
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > NEAREST_LENGTH) {
            continue;
        }
        size_t distance = edit_distance(name, names[i]);
        if (distance < best_distance || (distance == best_distance && best == NULL)) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best != NULL ? best : find_begun(name, length, names, count);
}

bool text_pointer_below(const char *pointer, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(pointer, prefix, length) == 0 &&
           (pointer[length] == '\0' || pointer[length] == '/');
}

size_t text_pointer_append(char *to, size_t size, size_t length, const char *name)
{
    if (length + 2 > size) {
        return 0;
    }
    to[length++] = '/';
    for (; *name != '\0'; name++) {
        bool escaped = *name == '~' || *name == '/';
        if (length + (escaped ? 3 : 2) > size) {
            return 0;
        }
        to[length++] = escaped ? '~' : *name;
        if (escaped) {
            to[length++] = *name == '~' ? '0' : '1';
        }
    }
    to[length] = '\0';
    return length;
}

char *text_lower(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        }
    }
    return text;
}

bool text_is_id(const char *id)
{
    size_t length = strlen(id);
    return length >= 1 && length <= 64 && id[0] != '-' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}
