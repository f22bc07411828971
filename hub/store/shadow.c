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
        /* it never shrinks: no map of pages to keep */
        e = sqlite_run(db, "PRAGMA auto_vacuum=NONE; VACUUM");
        e = e != ERR_OK ? e : copy_names(db, folder);
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

enum { UNITS_SEEN = 16 };

struct unit {
    int64_t id; /* 0: none */
    const char *text;
};

/* One of the two stores and the row on which it stands. */
struct side {
    struct store *store;
    sqlite3_stmt *rows;
    struct row at;
    int64_t last_chunk;
    int32_t last_series;           /* rows behind both are left out */
    struct unit units[UNITS_SEEN]; /* by the last digits of the id */
};

struct sides {
    struct side first, shadow;
    struct arena *texts;
};

static enum err step(struct side *side)
{
    sqlite3_stmt *q = side->rows;
    struct row *row = &side->at;
    do {
        int step = sqlite3_step(q);
        row->is =
            step == SQLITE_ROW && sqlite3_column_int64(q, CHUNK) <= side->last_chunk;
        if (step != SQLITE_ROW && step != SQLITE_DONE) {
            return sqlite_err(side->store->db, NULL);
        }
        row->series = sqlite3_column_int(q, SERIES);
    } while (row->is && row->series > side->last_series);
    row->chunk = sqlite3_column_int64(q, CHUNK);
    row->s = sqlite3_column_int(q, SECOND);
    row->us = sqlite3_column_int(q, MICRO);
    return ERR_OK;
}

/* Rows from where the walk stands. */
static enum err open_side(struct side *side, const struct store_walk *w)
{
    enum err e = sqlite_prepare(
        side->store->db,
        "SELECT chunk, series, s, us, value, flags, message, raw, raw_unit"
        " FROM observations WHERE (chunk, series, s, us) > (?1, ?2, ?3, ?4)"
        " ORDER BY chunk, series, s, us",
        &side->rows);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = side->rows;
    int64_t first = store_time_of(w->from_us).chunk;
    sqlite3_bind_int64(q, 1, w->at.begun ? w->at.chunk : first);
    sqlite3_bind_int(q, 2, w->at.series);
    sqlite3_bind_int(q, 3, w->at.s);
    sqlite3_bind_int(q, 4, w->at.us);
    side->last_chunk = store_time_of(w->to_us - 1).chunk;
    return step(side);
}

static bool same_number(const struct sides *x, int column)
{
    sqlite3_stmt *a = x->first.rows;
    sqlite3_stmt *b = x->shadow.rows;
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

static enum err read_unit(const struct side *s, int64_t id, struct arena *texts,
                          struct unit *out)
{
    const char *text = NULL;
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->store->db, "SELECT text FROM units WHERE id = ?1", &q);
    if (e == ERR_OK) {
        sqlite3_bind_int64(q, 1, id);
        int step = sqlite3_step(q);
        e = step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK
                                                      : sqlite_err(s->store->db, NULL);
        text = arena_text(texts, step == SQLITE_ROW ? sqlite_text(q, 0) : "");
    }
    sqlite3_finalize(q);
    e = e == ERR_OK && text == NULL ? ERR_FULL : e;
    if (e == ERR_OK) {
        *out = (struct unit){.id = id, .text = text};
    }
    return e;
}

/* The unit as received. */
static enum err unit_of(struct side *s, struct arena *texts, const char **out)
{
    int64_t id = sqlite3_column_int64(s->rows, RAW_UNIT); /* 0: NULL */
    struct unit *seen = &s->units[(uint64_t)id % UNITS_SEEN];
    enum err e = id == seen->id ? ERR_OK : read_unit(s, id, texts, seen);
    if (e == ERR_OK) {
        *out = id == 0 ? s->store->series[s->at.series - 1].unit : seen->text;
    }
    return e;
}

/* Units that only one of both knew at first may have other numbers there. */
static enum err same_unit(struct sides *x, bool *same)
{
    const char *first = NULL;
    const char *shadow = NULL;
    int64_t a = sqlite3_column_int64(x->first.rows, RAW_UNIT);
    int64_t b = sqlite3_column_int64(x->shadow.rows, RAW_UNIT);
    int64_t known = x->shadow.store->units_known;
    if (a <= known && b <= known) {
        *same = a == b;
        return ERR_OK;
    }
    enum err e = unit_of(&x->first, x->texts, &first);
    e = e != ERR_OK ? e : unit_of(&x->shadow, x->texts, &shadow);
    *same = e == ERR_OK && strcmp(first, shadow) == 0;
    return e;
}

/* Both have a row at the place. DIFFERENCE_COUNT: no difference. */
static enum err judge(struct sides *x, enum difference *out)
{
    bool same = true;
    enum err e = ERR_OK;
    if (!same_number(x, VALUE)) {
        *out = DIFFERENCE_VALUE;
    } else if (!same_number(x, FLAGS)) {
        *out = DIFFERENCE_FLAG;
    } else {
        same = same_number(x, RAW) && same_number(x, MESSAGE);
        e = same ? same_unit(x, &same) : ERR_OK;
        *out = same ? DIFFERENCE_COUNT : DIFFERENCE_SOURCE;
    }
    return e;
}

/* The row of one side as an observation. */
static enum err observe(struct side *s, struct arena *texts, int64_t time_us,
                        struct observation *out)
{
    sqlite3_stmt *q = s->rows;
    double value = store_column_value(q, VALUE, s->store->series[s->at.series - 1].scale);
    bool own = sqlite3_column_type(q, RAW) != SQLITE_NULL;
    *out = (struct observation){.series = s->at.series,
                                .time_us = time_us,
                                .value = value,
                                .raw = own ? store_column_value(q, RAW, 1) : value,
                                .tests = (quality_tests)sqlite3_column_int64(q, FLAGS),
                                .message = sqlite3_column_int64(q, MESSAGE)};
    return unit_of(s, texts, &out->raw_unit);
}

/* Whether the walk is about the row of the first store. */
static bool is_wanted(const struct sides *x, struct store_walk *w)
{
    const struct row *at = &x->first.at;
    if (!w->wanted[at->series - 1]) {
        return false;
    }
    bool below = sqlite3_column_int64(x->first.rows, MESSAGE) <
                 store_number(x->first.store, STORE_FLOOR);
    w->left_alone += below;
    return !below;
}

/* One place; order: which side has a row there (0: both). *count rises by a difference.
 */
static enum err take(struct sides *x, struct store_walk *w, int order,
                     struct store_difference *out, size_t *count)
{
    const struct row *at = order <= 0 ? &x->first.at : &x->shadow.at;
    int64_t time_us = store_time_us((struct store_time){at->chunk, at->s, at->us});
    bool in = time_us >= w->from_us && time_us < w->to_us;
    w->looked += in && order <= 0;
    if (!in || (order <= 0 && !is_wanted(x, w))) {
        return ERR_OK;
    }
    struct store_difference *d = &out[*count];
    *d = (struct store_difference){.series = at->series,
                                   .time_us = time_us,
                                   .change =
                                       order < 0 ? DIFFERENCE_WITHDRAWN : DIFFERENCE_NEW,
                                   .before.value = (double)NAN,
                                   .after.value = (double)NAN};
    enum err e = order == 0 ? judge(x, &d->change) : ERR_OK;
    if (e == ERR_OK && d->change == DIFFERENCE_COUNT) {
        w->same[d->series - 1]++;
        return ERR_OK;
    }
    e = e == ERR_OK && order <= 0 ? observe(&x->first, x->texts, time_us, &d->before) : e;
    e = e == ERR_OK && order >= 0 ? observe(&x->shadow, x->texts, time_us, &d->after) : e;
    *count += e == ERR_OK;
    return e;
}

static enum err walk(struct sides *x, struct store_walk *w, struct store_difference *out,
                     size_t most, size_t *count)
{
    struct row *a = &x->first.at;
    struct row *b = &x->shadow.at;
    enum err e = ERR_OK;
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
        e = e == ERR_OK && order <= 0 ? step(&x->first) : e;
        e = e == ERR_OK && order >= 0 ? step(&x->shadow) : e;
    }
    return e;
}

enum err store_walk_on(struct store *first, struct store *shadow, struct store_walk *w,
                       struct store_difference *out, size_t most, size_t *count)
{
    struct sides x = {/* later series have the same ids in both, and are others */
                      .first = {.store = first, .last_series = w->wanted_count},
                      .shadow = {.store = shadow, .last_series = INT32_MAX},
                      .texts = w->texts};
    *count = 0;
    arena_reset(w->texts);
    enum err e = open_side(&x.first, w);
    e = e != ERR_OK ? e : open_side(&x.shadow, w);
    e = e != ERR_OK ? e : walk(&x, w, out, most, count);
    sqlite3_finalize(x.first.rows);
    sqlite3_finalize(x.shadow.rows);
    return e;
}
