/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/shadow.h"

#include "base/clock.h"
#include "store/store_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST = 1100, ROWS_MOST = 20000 };

#define SHADOW "recompute"

void store_shadow_remove(const char *folder)
{
    static const char *const names[] = {"hub.db", "hub.db-wal", "hub.db-shm",
                                        "hub.db-journal"};
    char path[PATH_MOST];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/" SHADOW "/%s", folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/" SHADOW, folder);
    rmdir(path);
}

/* What both must agree on. */
static enum err copy_names(sqlite3 *db, const char *folder)
{
    static const char copy[] =
        "INSERT INTO series SELECT * FROM first.series;"
        "INSERT INTO units SELECT * FROM first.units;"
        "INSERT INTO choices SELECT * FROM first.choices;"
        "INSERT OR REPLACE INTO numbers SELECT name, value FROM first.numbers"
        " WHERE name = 1;"
        "INSERT OR REPLACE INTO numbers SELECT 0, max(coalesce((SELECT value FROM"
        " first.numbers WHERE name = 1), 1), 1) - 1";
    char *attach = sqlite3_mprintf("ATTACH '%q/hub.db' AS first", folder);
    enum err e = attach == NULL ? ERR_MEMORY : sqlite_run(db, attach);
    sqlite3_free(attach);
    e = e != ERR_OK ? e : sqlite_run(db, "BEGIN");
    e = e != ERR_OK ? e : sqlite_run(db, copy);
    return e != ERR_OK ? e : sqlite_run(db, "COMMIT");
}

static enum err make(const char *folder, const char *within, struct diag *d)
{
    char path[PATH_MOST + 8];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/hub.db", within);
    if (mkdir(within, 0700) != 0) {
        diag_set(d, "%s can't be made", within);
        return ERR_IO;
    }
    enum err e = sqlite_open_writer(path, &hub_schema, &db, d);
    if (e == ERR_OK) {
        e = copy_names(db, folder);
        e = e != ERR_OK ? sqlite_err(db, d) : e;
    }
    sqlite3_close(db);
    return e;
}

static enum err count_units(struct store *s)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 known = 0;
    enum err e = sqlite_prepare(s->db, "SELECT max(id) FROM units", &q);
    e = e != ERR_OK ? e : sqlite_step_number(s->db, q, 0, &known);
    sqlite3_finalize(q);
    s->units_known = known;
    return e;
}

enum err store_shadow_open(const char *folder, const char *const *tests, size_t count,
                           struct store **out, struct diag *d)
{
    int slots[QUALITY_TESTS];
    char within[PATH_MOST];
    struct store *s = NULL;
    snprintf(within, sizeof within, "%.1000s/" SHADOW, folder);
    store_shadow_remove(folder);
    enum err e = make(folder, within, d);
    e = e != ERR_OK ? e : store_open(within, tests, count, slots, &s, d);
    e = e != ERR_OK ? e : count_units(s);
    /* it is thrown away after a fault: nothing needs to be durable or undone */
    e = e != ERR_OK ? e
                    : sqlite_run(s->db, "PRAGMA locking_mode=EXCLUSIVE;"
                                        "PRAGMA synchronous=OFF;"
                                        "PRAGMA journal_mode=OFF");
    if (e != ERR_OK) {
        store_shadow_close(folder, s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void store_shadow_close(const char *folder, struct store *s)
{
    store_close(s);
    store_shadow_remove(folder);
}

/* --- walking --- */

struct row {
    bool is;
    int64_t chunk;
    int32_t series, s, us;
};

static int compare(const struct row *a, const struct row *b)
{
    if (!a->is || !b->is) {
        return b->is - a->is; /* at the end: behind all */
    }
    if (a->chunk != b->chunk) {
        return a->chunk < b->chunk ? -1 : 1;
    }
    if (a->series != b->series) {
        return a->series < b->series ? -1 : 1;
    }
    return a->s != b->s ? a->s - b->s : a->us - b->us;
}

enum column { CHUNK, SERIES, SECOND, MICRO, VALUE, FLAGS, MESSAGE, RAW, RAW_UNIT };

static enum err step(struct store *s, sqlite3_stmt *q, struct row *row)
{
    int step = sqlite3_step(q);
    row->is = step == SQLITE_ROW;
    if (row->is) {
        row->chunk = sqlite3_column_int64(q, CHUNK);
        row->series = sqlite3_column_int(q, SERIES);
        row->s = sqlite3_column_int(q, SECOND);
        row->us = sqlite3_column_int(q, MICRO);
    }
    return step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : sqlite_err(s->db, NULL);
}

static enum err open_side(struct store *s, const struct store_walk *w, sqlite3_stmt **q)
{
    enum err e = sqlite_prepare(
        s->db,
        "SELECT chunk, series, s, us, value, flags, message, raw, raw_unit"
        " FROM observations WHERE (chunk, series, s, us) > (?1, ?2, ?3, ?4)"
        " AND chunk <= ?5 ORDER BY chunk, series, s, us",
        q);
    if (e != ERR_OK) {
        return e;
    }
    int64_t first = store_time_of(w->from_us).chunk;
    sqlite3_bind_int64(*q, 1, w->at.begun ? w->at.chunk : first);
    sqlite3_bind_int(*q, 2, w->at.series);
    sqlite3_bind_int(*q, 3, w->at.s);
    sqlite3_bind_int(*q, 4, w->at.us);
    sqlite3_bind_int64(*q, 5, store_time_of(w->to_us - 1).chunk);
    return ERR_OK;
}

static bool same_number(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int type = sqlite3_column_type(a, column);
    if (type != sqlite3_column_type(b, column)) {
        return false;
    }
    return type == SQLITE_INTEGER
               ? sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column)
           : type == SQLITE_FLOAT
               ? sqlite3_column_double(a, column) == sqlite3_column_double(b, column)
               : true;
}

struct sides {
    struct store *first, *shadow;
    sqlite3_stmt *a, *b;
    struct row row_a, row_b; /* on which they stand */
};

static enum err text_of_unit(struct store *s, sqlite3_stmt *row, char *to, size_t size)
{
    sqlite3_stmt *q = NULL;
    to[0] = '\0'; /* the canonical one */
    if (sqlite3_column_type(row, RAW_UNIT) == SQLITE_NULL) {
        return ERR_OK;
    }
    enum err e = sqlite_prepare(s->db, "SELECT '=' || text FROM units WHERE id = ?1", &q);
    if (e == ERR_OK) {
        sqlite3_bind_int64(q, 1, sqlite3_column_int64(row, RAW_UNIT));
        int step = sqlite3_step(q);
        if (step == SQLITE_ROW) {
            snprintf(to, size, "%s", sqlite_text(q, 0));
        } else if (step != SQLITE_DONE) {
            e = sqlite_err(s->db, NULL);
        }
    }
    sqlite3_finalize(q);
    return e;
}

/* Units that only one of both knew at first may have other numbers there. */
static enum err same_unit(const struct sides *x, bool *same)
{
    char first[128];
    char shadow[128];
    int64_t a = sqlite3_column_int64(x->a, RAW_UNIT);
    int64_t b = sqlite3_column_int64(x->b, RAW_UNIT);
    *same = a == b; /* 0: NULL */
    if (a <= x->shadow->units_known && b <= x->shadow->units_known) {
        return ERR_OK;
    }
    enum err e = text_of_unit(x->first, x->a, first, sizeof first);
    e = e != ERR_OK ? e : text_of_unit(x->shadow, x->b, shadow, sizeof shadow);
    *same = e == ERR_OK && strcmp(first, shadow) == 0;
    return e;
}

/* Both have a row at the place. DIFFERENCE_COUNT: no difference. */
static enum err judge(const struct sides *x, enum difference *out)
{
    *out = DIFFERENCE_COUNT;
    if (!same_number(x->a, x->b, VALUE)) {
        *out = DIFFERENCE_VALUE;
    } else if (sqlite3_column_int64(x->a, FLAGS) != sqlite3_column_int64(x->b, FLAGS)) {
        *out = DIFFERENCE_FLAG;
    } else if (!same_number(x->a, x->b, RAW) || !same_number(x->a, x->b, MESSAGE)) {
        *out = DIFFERENCE_SOURCE;
    } else {
        bool same = false;
        enum err e = same_unit(x, &same);
        *out = same ? DIFFERENCE_COUNT : DIFFERENCE_SOURCE;
        return e;
    }
    return ERR_OK;
}

static double value_of(const struct store *s, sqlite3_stmt *q, const struct row *row)
{
    return store_column_value(q, VALUE, s->series[row->series - 1].scale);
}

/* One place; order: which side has a row there (0: both). *count rises by a difference.
 */
static enum err take(const struct sides *x, struct store_walk *w, int order,
                     struct store_difference *out, size_t *count)
{
    const struct row *at = order <= 0 ? &x->row_a : &x->row_b;
    int64_t time_us = store_time_us((struct store_time){at->chunk, at->s, at->us});
    struct store_difference d = {.series = at->series,
                                 .time_us = time_us,
                                 .before = (double)NAN,
                                 .after = (double)NAN};
    if (time_us < w->from_us || time_us >= w->to_us) {
        return ERR_OK;
    }
    if (order <= 0) {
        w->looked++;
        if (at->series > w->wanted_count || !w->wanted[at->series - 1]) {
            return ERR_OK;
        }
        if (sqlite3_column_int64(x->a, MESSAGE) < store_number(x->first, STORE_FLOOR)) {
            w->left_alone++;
            return ERR_OK;
        }
        d.before = value_of(x->first, x->a, at);
        d.tests_before = (quality_tests)sqlite3_column_int64(x->a, FLAGS);
    }
    if (order >= 0) {
        d.after = value_of(x->shadow, x->b, &x->row_b);
        d.tests_after = (quality_tests)sqlite3_column_int64(x->b, FLAGS);
    }
    d.change = order < 0 ? DIFFERENCE_WITHDRAWN : DIFFERENCE_NEW;
    enum err e = order == 0 ? judge(x, &d.change) : ERR_OK;
    if (d.change == DIFFERENCE_COUNT) {
        w->same[d.series - 1]++;
    } else if (e == ERR_OK) {
        out[(*count)++] = d;
    }
    return e;
}

static enum err walk(struct sides *x, struct store_walk *w, struct store_difference *out,
                     size_t most, size_t *count)
{
    struct row *a = &x->row_a;
    struct row *b = &x->row_b;
    enum err e = step(x->first, x->a, a);
    e = e != ERR_OK ? e : step(x->shadow, x->b, b);
    for (int n = 0; e == ERR_OK && n < ROWS_MOST && *count < most; n++) {
        if (!a->is && !b->is) {
            w->finished = true;
            return ERR_OK;
        }
        int order = compare(a, b);
        const struct row *at = order <= 0 ? a : b;
        w->at.begun = true;
        w->at.chunk = at->chunk;
        w->at.series = at->series;
        w->at.s = at->s;
        w->at.us = at->us;
        e = take(x, w, order, out, count);
        e = e == ERR_OK && order <= 0 ? step(x->first, x->a, a) : e;
        e = e == ERR_OK && order >= 0 ? step(x->shadow, x->b, b) : e;
    }
    return e;
}

enum err store_walk_on(struct store *first, struct store *shadow, struct store_walk *w,
                       struct store_difference *out, size_t most, size_t *count)
{
    struct sides x = {.first = first, .shadow = shadow};
    *count = 0;
    enum err e = open_side(first, w, &x.a);
    e = e != ERR_OK ? e : open_side(shadow, w, &x.b);
    e = e != ERR_OK ? e : walk(&x, w, out, most, count);
    sqlite3_finalize(x.a);
    sqlite3_finalize(x.b);
    return e;
}
