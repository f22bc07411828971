/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/unit.h"

#include <stddef.h>
#include <string.h>

enum glyph_kind { GLYPH_PLAIN, GLYPH_BLANK, GLYPH_MINUS, GLYPH_DIGIT };

struct glyph {
    const char *bytes; /* UTF-8 */
    const char *as;
    enum glyph_kind kind;
};

/* What is written anew; everything else stays. */
static const struct glyph glyphs[] = {
    {" ", " ", GLYPH_BLANK},
    {"\t", " ", GLYPH_BLANK},
    {"\xC2\xA0", " ", GLYPH_BLANK},     /* U+00A0 */
    {"\xE2\x80\xAF", " ", GLYPH_BLANK}, /* U+202F */
    {"\xC2\xB7", ".", GLYPH_PLAIN},     /* U+00B7 */
    {"\xE2\x8B\x85", ".", GLYPH_PLAIN}, /* U+22C5 */
    {"\xCE\xBC", "\xC2\xB5", GLYPH_PLAIN},
    {"\xE2\x81\xBB", "-", GLYPH_MINUS}, /* U+207B */
    {"\xE2\x81\xB0", "0", GLYPH_DIGIT},
    {"\xC2\xB9", "1", GLYPH_DIGIT},
    {"\xC2\xB2", "2", GLYPH_DIGIT},
    {"\xC2\xB3", "3", GLYPH_DIGIT},
    {"\xE2\x81\xB4", "4", GLYPH_DIGIT},
    {"\xE2\x81\xB5", "5", GLYPH_DIGIT},
    {"\xE2\x81\xB6", "6", GLYPH_DIGIT},
    {"\xE2\x81\xB7", "7", GLYPH_DIGIT},
    {"\xE2\x81\xB8", "8", GLYPH_DIGIT},
    {"\xE2\x81\xB9", "9", GLYPH_DIGIT},
};

/* Bytes of the character at p; a stray byte counts as one. */
static size_t character_length(const char *p)
{
    size_t length = 1;
    while (((unsigned char)p[0] & 0xC0) == 0xC0 && length < 4 &&
           ((unsigned char)p[length] & 0xC0) == 0x80) {
        length++;
    }
    return length;
}

static const struct glyph *find_glyph(const char *p, size_t length)
{
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++) {
        if (strlen(glyphs[i].bytes) == length &&
            memcmp(glyphs[i].bytes, p, length) == 0) {
            return &glyphs[i];
        }
    }
    return NULL;
}

struct folded {
    char *to;
    unsigned long size, used;
};

/* False: full. */
static bool put(struct folded *f, const char *bytes, size_t length)
{
    if (f->used + length >= f->size) {
        return false;
    }
    memcpy(f->to + f->used, bytes, length);
    f->used += length;
    return true;
}

char *unit_fold(const char *text, char *to, unsigned long size)
{
    struct folded f = {.to = to, .size = size};
    enum glyph_kind last = GLYPH_PLAIN;
    bool blank = false;
    bool fits = true;
    for (const char *p = text; *p != '\0' && fits;) {
        size_t length = character_length(p);
        const struct glyph *g = find_glyph(p, length);
        enum glyph_kind kind = g != NULL ? g->kind : GLYPH_PLAIN;
        if (kind == GLYPH_BLANK) {
            blank = true;
        } else {
            fits = !blank || f.used == 0 || put(&f, " ", 1);
            blank = false;
            bool power =
                kind == GLYPH_DIGIT && last != GLYPH_DIGIT && last != GLYPH_MINUS;
            fits = fits && (!power || put(&f, "^", 1));
            fits =
                fits && (g != NULL ? put(&f, g->as, strlen(g->as)) : put(&f, p, length));
        }
        last = kind;
        p += length;
    }
    to[f.used] = '\0';
    return to;
}
