/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

/* What was wrong with an input, where, in one sentence for people. The caller owns the
 * struct; whoever fails fills it. Threads: one owner at a time. */
struct diag {
    char source[256]; /* file, topic or database; empty if not known */
    int line;         /* 1-based; 0: not known */
    int column;       /* 1-based; 0: not known */
    char field[128];  /* JSON Pointer or option name; empty if not known */
    char text[161];   /* one sentence, UTF-8, at most 160 bytes */
};

/* Sets the sentence (cut at 160 bytes, never inside a UTF-8 character); place fields
 * stay. d may be NULL. */
void diag_set(struct diag *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets the field. d and field may be NULL. */
void diag_set_field(struct diag *d, const char *field);

/* Writes "source:line: field: text" with the parts that are known. Returns to. */
const char *diag_format(const struct diag *d, char *to, unsigned long size);

#endif
