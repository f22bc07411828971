/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/unit.h"

#include "base/hash.h"
#include "base/text.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <udunits2.h>

enum {
    TEXT = UNIT_TEXT_MOST + 1,
    SETS = 128,
    WAYS = 4,
    ROOM_BYTES = 64 << 10 /* more than the library takes for two texts */
};

struct alias_row {
    char folded[TEXT];
    const struct unit_alias *alias;
};

/* A unit of a method: a base unit of its own, so nothing converts to it. */
struct own_unit {
    struct own_unit *next;
    char folded[TEXT];
    ut_unit *unit;
};

/* UDUNITS-2 keeps the state of its parser and tables of all its systems in globals, and
 * does not free all of a system. So there is one for the process, read once and kept with
 * the units of methods that were ever asked for, and one thread at a time in the library.
 */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static ut_system *database;
static struct own_unit *own_units;

enum conversion_kind {
    CONVERT_NOT,
    CONVERT_SAME,
    CONVERT_TIMES, /* value * power */
    CONVERT_OVER,  /* value / power: exact where value * 0.001 is not */
    CONVERT_UDUNITS,
};

/* What is known of one pair of texts. */
struct conversion {
    bool used;
    char text[TEXT], to[TEXT]; /* to "": text was only checked */
    enum unit_match match;
    const char *reason; /* NULL, or why text or to must not be read */
    enum conversion_kind kind;
    double power;
    cv_converter *converter;
};

struct units {
    struct alias_row *aliases;
    size_t alias_count;
    const struct own_unit **own;
    size_t own_count;
    const char **names; /* of both, for near matches */
    bool ran_out;       /* of memory, since somebody asked */
    struct conversion cache[SETS][WAYS];
    uint8_t next[SETS]; /* the way that makes room */
};

/* What a text means. */
struct meaning {
    enum unit_match state; /* UNIT_SAME: known */
    char name[TEXT];       /* folded, after the alias */
    ut_unit *unit;         /* ours to free */
    const char *reason;
};

static enum err read_aliases(struct units *u, const struct configuration *c)
{
    u->aliases = calloc(c->alias_count + 1, sizeof *u->aliases);
    if (u->aliases == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < c->alias_count; i++) {
        u->aliases[i].alias = &c->aliases[i];
        unit_fold(c->aliases[i].raw, u->aliases[i].folded, TEXT);
        u->names[i] = c->aliases[i].raw;
    }
    u->alias_count = c->alias_count;
    return ERR_OK;
}

/* The unit of a method, made at its first use; the library is locked. NULL: no memory. */
static const struct own_unit *take_own_unit(const char *folded)
{
    const struct own_unit *found = own_units;
    while (found != NULL && strcmp(found->folded, folded) != 0) {
        found = found->next;
    }
    if (found != NULL) {
        return found;
    }
    struct own_unit *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->unit = ut_new_base_unit(database);
    if (made->unit == NULL) {
        free(made);
        return NULL;
    }
    text_copy(made->folded, sizeof made->folded, folded);
    made->next = own_units;
    own_units = made;
    return made;
}

static enum err take_own_units(struct units *u, const struct configuration *c)
{
    u->own = calloc(c->own_unit_count + 1, sizeof *u->own);
    if (u->own == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < c->own_unit_count; i++) {
        char folded[TEXT];
        unit_fold(c->own_units[i], folded, sizeof folded);
        u->names[c->alias_count + i] = c->own_units[i];
        u->own[i] = take_own_unit(folded);
        if (u->own[i] == NULL) {
            return ERR_MEMORY;
        }
        u->own_count = i + 1;
    }
    return ERR_OK;
}

/* Where UDUNITS-2 finds no memory it ends the process, or reads through a null pointer:
 * it is asked only where there is some. */
static bool has_room(void)
{
    void *volatile room = malloc(ROOM_BYTES);
    bool there = room != NULL;
    free(room);
    return there;
}

static enum err open_database(struct diag *d)
{
    ut_set_error_message_handler(ut_ignore);
    if (!has_room()) {
        return ERR_MEMORY;
    }
    if (database == NULL) {
        database = ut_read_xml(NULL);
    }
    if (database == NULL) {
        diag_set(d, "the database of UDUNITS-2 can't be read (package libudunits2-data)");
        return ERR_IO;
    }
    return ERR_OK;
}

enum err units_open(const struct configuration *c, struct units **out, struct diag *d)
{
    struct units *u = calloc(1, sizeof *u);
    if (u == NULL) {
        return ERR_MEMORY;
    }
    u->names = calloc(c->alias_count + c->own_unit_count + 1, sizeof *u->names);
    enum err e = u->names == NULL ? ERR_MEMORY : read_aliases(u, c);
    pthread_mutex_lock(&library);
    e = e != ERR_OK ? e : open_database(d);
    e = e != ERR_OK ? e : take_own_units(u, c);
    pthread_mutex_unlock(&library);
    if (e != ERR_OK) {
        units_close(u);
        return e;
    }
    *out = u;
    return ERR_OK;
}

void units_close(struct units *u)
{
    if (u == NULL) {
        return;
    }
    for (size_t i = 0; i < SETS; i++) {
        for (size_t j = 0; j < WAYS; j++) {
            cv_free(u->cache[i][j].converter);
        }
    }
    free(u->own);
    free(u->aliases);
    free(u->names);
    free(u);
}

/* The text as received goes before the folded one. */
static const struct unit_alias *find_alias(const struct units *u, const char *text,
                                           const char *folded)
{
    for (size_t i = 0; i < u->alias_count; i++) {
        if (strcmp(u->aliases[i].alias->raw, text) == 0) {
            return u->aliases[i].alias;
        }
    }
    for (size_t i = 0; i < u->alias_count; i++) {
        if (strcmp(u->aliases[i].folded, folded) == 0) {
            return u->aliases[i].alias;
        }
    }
    return NULL;
}

static const struct own_unit *find_own(const struct units *u, const char *folded)
{
    for (size_t i = 0; i < u->own_count; i++) {
        if (strcmp(u->own[i]->folded, folded) == 0) {
            return u->own[i];
        }
    }
    return NULL;
}

void unit_look_up(const struct units *u, const char *text, struct unit_look *out)
{
    char name[TEXT];
    unit_fold(text, out->folded, sizeof out->folded);
    out->alias = find_alias(u, text, out->folded);
    out->as_received = out->alias != NULL && strcmp(out->alias->raw, text) == 0;
    bool other = out->alias != NULL && out->alias->canonical != NULL;
    unit_fold(other ? out->alias->canonical : text, name, sizeof name);
    out->own = find_own(u, name) != NULL;
}

static ut_unit *parse_unit(const struct units *u, const char *folded)
{
    const struct own_unit *own = find_own(u, folded);
    return own != NULL ? ut_clone(own->unit) : ut_parse(database, folded, UT_UTF8);
}

static struct meaning meaning_of(const struct units *u, const char *text)
{
    struct meaning m = {.state = UNIT_REFUSED};
    unit_fold(text, m.name, sizeof m.name);
    /* UDUNITS-2 reads "" as 1 and stops without a word at a byte it can't read */
    if (m.name[0] == '\0' || !text_is_utf8(text, strlen(text))) {
        m.reason = m.name[0] == '\0' ? "it is empty" : "it is not UTF-8";
        return m;
    }
    const struct unit_alias *alias = find_alias(u, text, m.name);
    if (alias != NULL && alias->canonical == NULL) {
        m.reason = alias->reason != NULL ? alias->reason : "the alias table refuses it";
        return m;
    }
    if (alias != NULL) {
        unit_fold(alias->canonical, m.name, sizeof m.name);
    }
    m.unit = parse_unit(u, m.name);
    m.state = m.unit != NULL ? UNIT_SAME : UNIT_UNKNOWN;
    return m;
}

/* UDUNITS-2 also converts to the reciprocal: s to Hz, kOhm cm to S/m. */
static bool is_reciprocal(const ut_unit *a, const ut_unit *b)
{
    ut_unit *quotient = ut_divide(a, b);
    bool reciprocal = quotient != NULL && !ut_is_dimensionless(quotient);
    ut_free(quotient);
    return reciprocal;
}

/* A plain number: no angle, no logarithm, both of which pass as dimensionless. */
static bool is_ratio(const ut_unit *unit)
{
    char text[128];
    int length = ut_format(unit, text, sizeof text, UT_ASCII | UT_DEFINITION);
    return length > 0 && (size_t)length < sizeof text &&
           strspn(text, "0123456789.e+- ") == (size_t)length;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-14 * fabs(b);
}

static void choose_kind(struct conversion *c)
{
    static const double powers[] = {1,   1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                    1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    double one = cv_convert_double(c->converter, 1);
    c->kind = CONVERT_UDUNITS;
    if (cv_convert_double(c->converter, 0) != 0 ||
        !near(cv_convert_double(c->converter, 2), 2 * one)) {
        return;
    }
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        if (near(one, powers[i]) || near(one * powers[i], 1)) {
            c->kind = near(one, powers[i]) ? CONVERT_TIMES : CONVERT_OVER;
            c->power = powers[i];
            return;
        }
    }
}

static void relate(struct conversion *c, const struct meaning *from,
                   const struct meaning *to)
{
    if (strcmp(from->name, to->name) == 0 || ut_compare(from->unit, to->unit) == 0) {
        c->match = UNIT_SAME;
        c->kind = CONVERT_SAME;
        return;
    }
    c->match = UNIT_OTHER;
    if (!ut_are_convertible(from->unit, to->unit) ||
        is_reciprocal(from->unit, to->unit)) {
        return;
    }
    c->converter = ut_get_converter(from->unit, to->unit);
    if (c->converter == NULL) {
        return;
    }
    choose_kind(c);
    if (!ut_is_dimensionless(from->unit) && !ut_is_dimensionless(to->unit)) {
        c->match = UNIT_FITS;
    } else if (is_ratio(from->unit) && is_ratio(to->unit)) {
        c->match = UNIT_RATIO;
    }
}

static void fill(const struct units *u, struct conversion *c)
{
    char text[TEXT], wanted[TEXT];
    struct meaning from = meaning_of(u, c->text);
    struct meaning to = {.state = UNIT_SAME};
    unit_fold(c->text, text, TEXT);
    unit_fold(c->to, wanted, TEXT);
    if (wanted[0] != '\0' && strcmp(text, wanted) == 0) {
        c->match = UNIT_SAME; /* also where nobody can read it: dB */
        c->kind = CONVERT_SAME;
    } else if (from.state != UNIT_SAME || c->to[0] == '\0') {
        c->match = from.state;
        c->reason = from.reason;
    } else {
        to = meaning_of(u, c->to);
        c->match = UNIT_OTHER;
        if (to.state == UNIT_SAME) {
            relate(c, &from, &to);
        }
    }
    ut_free(from.unit);
    ut_free(to.unit);
}

static const struct conversion too_long = {.match = UNIT_REFUSED,
                                           .reason = "it is longer than 64 bytes"};
static const struct conversion no_memory = {.match = UNIT_UNKNOWN};

/* As fill, and remembered; where there is no memory nothing is. */
static const struct conversion *fill_and_keep(struct units *u, struct conversion *c)
{
    pthread_mutex_lock(&library);
    bool room = has_room();
    if (room) {
        fill(u, c);
    }
    pthread_mutex_unlock(&library);
    if (room) {
        return c;
    }
    c->used = false;
    u->ran_out = true;
    return &no_memory;
}

static const struct conversion *find_conversion(struct units *u, const char *text,
                                                const char *to)
{
    if (strnlen(text, TEXT) == TEXT || strnlen(to, TEXT) == TEXT) {
        return &too_long;
    }
    size_t set = hash_text(hash_text(HASH_TEXT_START, text), to) % SETS;
    for (size_t i = 0; i < WAYS; i++) {
        const struct conversion *c = &u->cache[set][i];
        if (c->used && strcmp(c->text, text) == 0 && strcmp(c->to, to) == 0) {
            return c;
        }
    }
    struct conversion *c = &u->cache[set][u->next[set]];
    u->next[set] = (uint8_t)((u->next[set] + 1) % WAYS);
    cv_free(c->converter);
    *c = (struct conversion){.used = true};
    text_copy(c->text, TEXT, text);
    text_copy(c->to, TEXT, to);
    return fill_and_keep(u, c);
}

bool units_ran_out(struct units *u)
{
    bool ran_out = u->ran_out;
    u->ran_out = false;
    return ran_out;
}

static void explain_unknown(const struct units *u, const char *text, const char *shown,
                            struct diag *d)
{
    const char *near_name =
        strlen(text) < 3 ? NULL
                         : text_nearest(text, u->names, u->alias_count + u->own_count);
    if (near_name != NULL) {
        diag_set(d, "unit \"%s\" is not known; is \"%s\" meant?", shown, near_name);
    } else {
        diag_set(d, "unit \"%s\" is not known", shown);
    }
}

static void explain(const struct units *u, const struct conversion *c, const char *text,
                    const char *to, struct diag *d)
{
    char shown[80];
    text_escape(shown, sizeof shown, text, strlen(text));
    if (c->match == UNIT_UNKNOWN) {
        explain_unknown(u, text, shown, d);
    } else if (c->match == UNIT_REFUSED) {
        diag_set(d, "unit \"%s\" is refused: %s", shown, c->reason);
    } else {
        diag_set(d, "unit \"%s\" can't be converted to %s", shown, to);
    }
}

static double converted(const struct conversion *c, double value)
{
    switch (c->kind) {
    case CONVERT_TIMES:
        return value * c->power;
    case CONVERT_OVER:
        return value / c->power;
    case CONVERT_UDUNITS:
        return cv_convert_double(c->converter, value);
    default:
        return value;
    }
}

enum err unit_convert(struct units *u, double value, const char *text, const char *to,
                      double *out, struct diag *d)
{
    if (text == to || strcmp(text, to) == 0) {
        *out = value;
        return ERR_OK;
    }
    const struct conversion *c = find_conversion(u, text, to);
    if (c->kind == CONVERT_NOT) {
        explain(u, c, text, to, d);
        return ERR_UNIT;
    }
    *out = converted(c, value);
    return ERR_OK;
}

enum err unit_check(struct units *u, const char *text, struct diag *d)
{
    const struct conversion *c = find_conversion(u, text, "");
    if (c->match != UNIT_SAME) {
        explain(u, c, text, "", d);
        return ERR_UNIT;
    }
    return ERR_OK;
}

enum unit_match unit_compare(struct units *u, const char *text, const char *to)
{
    if (text == to || strcmp(text, to) == 0) {
        return UNIT_SAME;
    }
    return to[0] == '\0' ? UNIT_OTHER : find_conversion(u, text, to)->match;
}

bool unit_same(struct units *u, const char *a, const char *b)
{
    return unit_compare(u, a, b) == UNIT_SAME;
}

bool unit_fits(struct units *u, const char *text, const char *to)
{
    enum unit_match m = unit_compare(u, text, to);
    return m == UNIT_SAME || m == UNIT_FITS;
}
