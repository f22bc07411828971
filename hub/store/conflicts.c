/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/store_internal.h"

#include <math.h>

/* Values that lost a conflict: each different one once, by the message that ranks lowest.
 */

static void bind_double_or_null(sqlite3_stmt *q, int column, double value)
{
    if (isnan(value)) {
        sqlite3_bind_null(q, column);
    } else {
        sqlite3_bind_double(q, column, value);
    }
}

enum err store_keep(struct store *s, const struct observation *o)
{
    sqlite3_int64 unit = 0;
    enum err e = store_unit_id(s, o->raw_unit, &unit);
    sqlite3_stmt *q = s->sql.keep;
    sqlite3_bind_int(q, 1, o->series);
    sqlite3_bind_int64(q, 2, o->time_us);
    sqlite3_bind_int64(q, 3, o->message);
    sqlite3_bind_int(q, 4, o->index);
    bind_double_or_null(q, 5, o->value);
    bind_double_or_null(q, 6, o->raw);
    sqlite3_bind_int64(q, 7, unit);
    sqlite3_bind_int64(q, 8, (sqlite3_int64)o->tests);
    return e != ERR_OK ? e : sqlite_step_done(s->db, q);
}

enum err store_unkeep(struct store *s, const struct observation *o)
{
    sqlite3_bind_int(s->sql.unkeep, 1, o->series);
    sqlite3_bind_int64(s->sql.unkeep, 2, o->time_us);
    sqlite3_bind_int64(s->sql.unkeep, 3, o->message);
    sqlite3_bind_int(s->sql.unkeep, 4, o->index);
    return sqlite_step_done(s->db, s->sql.unkeep);
}

enum err store_kept_count(struct store *s, int32_t series, int64_t time_us,
                          int64_t *count)
{
    sqlite3_int64 n = 0;
    sqlite3_bind_int(s->sql.kept, 1, series);
    sqlite3_bind_int64(s->sql.kept, 2, time_us);
    enum err e = sqlite_step_number(s->db, s->sql.kept, 0, &n);
    if (e == ERR_OK) {
        *count = n;
    }
    return e;
}

enum err store_get_kept(struct store *s, int32_t series, int64_t time_us, double value,
                        struct observation *out)
{
    sqlite3_stmt *q = s->sql.get_kept;
    sqlite3_bind_int(q, 1, series);
    sqlite3_bind_int64(q, 2, time_us);
    bind_double_or_null(q, 3, value);
    int step = sqlite3_step(q);
    enum err e = step == SQLITE_ROW    ? ERR_OK
                 : step == SQLITE_DONE ? ERR_ABSENT
                                       : sqlite_err(s->db, NULL);
    if (e == ERR_OK) {
        out->series = series;
        out->time_us = time_us;
        out->value = value;
        out->message = sqlite3_column_int64(q, 0);
        out->index = sqlite3_column_int(q, 1);
    }
    sqlite3_reset(q);
    return e;
}
