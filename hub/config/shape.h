/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_SHAPE_H
#define CONFIG_SHAPE_H

/* The types of the option tables, taken apart. Private to config. */

#include "config/options.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A type that is no kind: what JSON it is, and what is said and asked of it. */
struct base_type {
    const char *name;
    json_type json;                  /* JSON_TRUE: boolean */
    const char *wanted;              /* "a number", for sentences */
    bool (*sound)(const char *text); /* of texts; NULL: any */
    const char *expected;            /* what sound wants, in words */
    const char *schema;              /* members of the schema, without braces */
};

const struct base_type *base_type_find(const char *name); /* NULL: none */

/* Names that a base type allows ("licence", "frequency"); NULL: not of that sort. */
const char *const *base_type_names(const struct base_type *t, size_t *count);

enum { SHAPE_KINDS = 64, SHAPE_OPTIONS = 400, SHAPE_CHOICES = 20 };

struct kind {
    const char *name;
    const struct option *first;
    size_t count;
};

struct shape {
    const struct base_type *base; /* NULL: an object of kind, or a choice */
    const struct kind *kind;
    const char *choices; /* "a|b|c"; NULL: none */
    bool numbers;        /* the choices are numbers */
    bool list, map, nullable;
};

struct shapes {
    struct kind kinds[SHAPE_KINDS];
    size_t kind_count;
    struct shape shapes[SHAPE_OPTIONS]; /* by index of the row */
    const struct option *options;
    size_t option_count;
};

void shapes_init(struct shapes *s);
const struct kind *shapes_kind(const struct shapes *s, const char *name);
const struct shape *shapes_of(const struct shapes *s, const struct option *o);

/* Marks the kinds that hang below k (schema.c). */
void kinds_below(const struct shapes *s, const struct kind *k, bool seen[SHAPE_KINDS]);

/* Splits "a|b|c" into names (pointers into room). Returns how many. */
size_t shape_choices(const char *choices, char room[256],
                     const char *names[SHAPE_CHOICES]);

#endif
