/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/schema.h"

#include "store/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
    "CREATE TABLE numbers(name INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
    "INSERT INTO numbers VALUES(2, random() & 0x7FFFFFFFFFFFFFFF);" /* the epoch */
    "CREATE TABLE tests(slot INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE units(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, city TEXT NOT NULL,"
    " station TEXT NOT NULL, parameter TEXT NOT NULL, position TEXT NOT NULL,"
    " origin TEXT NOT NULL, unit TEXT NOT NULL, decimals INTEGER NOT NULL,"
    " UNIQUE(city, station, parameter, position, origin));"
    /* value: integer of 10^-decimals or real, NULL missing; raw NULL: as value;
     * raw_unit NULL: the canonical one; flags: model/quality.h; message: inbox id */
    "CREATE TABLE observations(chunk INTEGER, series INTEGER, s INTEGER, us INTEGER,"
    " value, flags INTEGER NOT NULL, message INTEGER NOT NULL, raw, raw_unit INTEGER,"
    " PRIMARY KEY(chunk, series, s, us)) WITHOUT ROWID;"
    /* values that lost a conflict */
    "CREATE TABLE conflicts(series INTEGER, time INTEGER, message INTEGER,"
    " position INTEGER, value REAL, raw REAL, raw_unit INTEGER, flags INTEGER,"
    " PRIMARY KEY(series, time, message, position)) WITHOUT ROWID;"
    /* what stood there before; at: the change that ended it */
    "CREATE TABLE revisions(id INTEGER PRIMARY KEY, series INTEGER NOT NULL,"
    " time INTEGER NOT NULL, at INTEGER NOT NULL, value REAL, raw REAL,"
    " raw_unit INTEGER, flags INTEGER NOT NULL, message INTEGER NOT NULL);"
    /* messages that are not simply stored */
    "CREATE TABLE messages(id INTEGER PRIMARY KEY, source INTEGER NOT NULL,"
    " fate INTEGER NOT NULL, outcomes BLOB NOT NULL, stage TEXT, device TEXT,"
    " reason TEXT);"
    "CREATE INDEX messages_by_fate ON messages(fate, id);"
    "CREATE TABLE sources(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " arrival INTEGER, fates BLOB NOT NULL, outcomes BLOB NOT NULL);"
    "CREATE TABLE pending(source INTEGER, device TEXT, field TEXT, count INTEGER,"
    " first INTEGER, last INTEGER, PRIMARY KEY(source, device, field)) WITHOUT ROWID;"
    /* times in seconds, both ends inside */
    "CREATE TABLE changes(number INTEGER PRIMARY KEY, series INTEGER NOT NULL,"
    " first INTEGER NOT NULL, span INTEGER NOT NULL);"
    /* messages below the floor: how many of each fate, outcomes of those that had a row
     */
    "CREATE TABLE given_up(one INTEGER PRIMARY KEY, fates BLOB NOT NULL,"
    " outcomes BLOB NOT NULL);"
    "CREATE TABLE folded(series INTEGER, day INTEGER, number INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY(series, day))"
    " WITHOUT ROWID;",

    /* books by source and city ('': not known), and why something waits */
    "CREATE TABLE books(id INTEGER PRIMARY KEY, source TEXT NOT NULL,"
    " city TEXT NOT NULL, arrival INTEGER, fates BLOB NOT NULL, outcomes BLOB NOT NULL,"
    " UNIQUE(source, city));"
    "INSERT INTO books SELECT id, name, '', arrival, fates, outcomes FROM sources;"
    "DROP TABLE sources;"
    "ALTER TABLE pending ADD COLUMN reason TEXT NOT NULL DEFAULT '';",

    /* frames that came: runs of counters without a hole, an hour (since 1970) each;
     * s: second of the hour when the first came, span: until the last; born and seen:
     * first and last hour */
    "CREATE TABLE counters(id INTEGER PRIMARY KEY, source TEXT NOT NULL,"
    " device TEXT NOT NULL, session TEXT NOT NULL, born INTEGER NOT NULL,"
    " seen INTEGER NOT NULL, UNIQUE(source, device, session));"
    "CREATE TABLE frames(hour INTEGER, counter INTEGER, s INTEGER, first INTEGER,"
    " last INTEGER NOT NULL, span INTEGER NOT NULL, repeated INTEGER NOT NULL,"
    " PRIMARY KEY(hour, counter, s, first)) WITHOUT ROWID;",

    /* conflicts settled by hand: the value that is held, and whose it is */
    ("CREATE TABLE choices(series INTEGER, time INTEGER, message INTEGER NOT NULL,"
     " value REAL, PRIMARY KEY(series, time)) WITHOUT ROWID;"),
};

const struct sqlite_schema hub_schema = {
    .migrations = migrations,
    .version = sizeof migrations / sizeof *migrations,
    .cache_kib = 3072,
};

static const int64_t epoch_s = 1577836800; /* 2020-01-01: small chunk numbers */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct store_time store_time_of(int64_t time_us)
{
    int64_t second = floor_div(time_us, 1000000);
    int64_t chunk = floor_div(second - epoch_s, CHUNK_S);
    return (struct store_time){.chunk = chunk,
                               .s = (int32_t)(second - epoch_s - chunk * CHUNK_S),
                               .us = (int32_t)((time_us % 1000000 + 1000000) % 1000000)};
}

int64_t store_chunk(int64_t time_us)
{
    return store_time_of(time_us).chunk;
}

int64_t store_time_us(struct store_time t)
{
    return (epoch_s + t.chunk * CHUNK_S + t.s) * 1000000 + t.us;
}

double store_scale(int decimals)
{
    static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    return scales[decimals >= 0 && decimals <= 6 ? decimals : 0]; /* a damaged row */
}

void store_bind_value(sqlite3_stmt *s, int column, double value, double scale)
{
    if (isnan(value)) {
        sqlite3_bind_null(s, column);
        return;
    }
    double scaled = nearbyint(value * scale);
    if (fabs(scaled) < 9e15 && scaled / scale == value) {
        sqlite3_bind_int64(s, column, (sqlite3_int64)scaled);
    } else {
        sqlite3_bind_double(s, column, value);
    }
}

double store_column_value(sqlite3_stmt *s, int column, double scale)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER:
        return (double)sqlite3_column_int64(s, column) / scale;
    case SQLITE_FLOAT:
        return sqlite3_column_double(s, column);
    default:
        return (double)NAN;
    }
}

enum err store_read_tests(sqlite3 *db, char *names[QUALITY_TESTS])
{
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(db, "SELECT slot, name FROM tests", &s);
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        int slot = sqlite3_column_int(s, 0);
        if (slot >= 0 && slot < QUALITY_TESTS && names[slot] == NULL) {
            names[slot] = strdup(sqlite_text(s, 1));
        }
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(db, NULL) : e;
    sqlite3_finalize(s);
    return e;
}
