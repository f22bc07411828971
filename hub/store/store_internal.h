/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

/* What the files of the writer share. Threads: as writer.h. */

#include "base/arena.h"
#include "store/books.h"
#include "store/frames.h"
#include "store/schema.h"
#include "store/writer.h"

struct series {
    struct series_key key;
    const char *unit;
    double scale;
    int32_t id;
};

struct books {
    const char *source, *city;
    sqlite3_int64 id;
    int64_t arrival_us;
    int64_t fates[FATE_COUNT];
    int64_t outcomes[OUTCOME_COUNT];
    bool dirty;
};

enum { BOOKS_MOST = 4096, UNITS_KEPT = 256 };

struct unit_text {
    char text[64];
    sqlite3_int64 id; /* 0: free */
};

enum { FRAME_COUNTERS = 8192, FRAME_PIECES = 6000 };

/* A source, device and session, remembered by hash. */
struct frame_counter {
    char *key; /* session, device and source, each ended by NUL; NULL: free */
    sqlite3_int64 id;
    int64_t born, seen; /* hours */
};

/* Frames of one hour that follow each other, on their way into the table. */
struct frame_piece {
    int64_t hour, counter, first, last;
    int32_t s, end;
    bool again;
};

struct store {
    sqlite3 *db;
    struct arena *memory; /* names of series and sources */
    struct {
        sqlite3_stmt *begin, *commit, *insert, *select, *replace, *revise, *keep, *unkeep,
            *get_kept, *kept, *change, *number, *series, *unit_put, *unit_get,
            *message_put, *message_get, *message_drop, *message_list, *book, *pending,
            *counter_get, *counter_put, *counter_widen, *runs, *run_put, *run_drop,
            *withdraw, *place, *place_kept, *next_kept, *choice_put, *choice_get,
            *choice_drop, *points, *points_back, *point_next, *set_tests;
    } sql;
    struct {
        struct frame_counter *counters;
        struct frame_piece *pieces;
        size_t count;
        struct run *runs; /* of the hour and counter under way */
    } frames;
    int64_t numbers[STORE_NUMBERS];
    int64_t choices;       /* made by hand */
    int64_t newest_change; /* number; 0: none */
    int64_t units_known;   /* of a shadow: ids up to it are those of the first store */
    struct series *series; /* by id - 1 */
    size_t series_count, series_size;
    int32_t *series_table; /* ids by hash of the key; 0: free */
    size_t series_table_size;
    struct books *books;
    size_t books_count;
    struct unit_text units[UNITS_KEPT]; /* a cache by hash */
    int log_pages;
    struct { /* as it stood at store_begin: a roll-back needs no file */
        int64_t numbers[STORE_NUMBERS];
        int64_t choices, newest_change;
        struct books *books;
        size_t books_count, series_count;
    } before;
    size_t series_named, books_named; /* entries behind the count whose texts stay */
    struct {
        char stage[32], device[136], reason[256];
    } row; /* texts of store_get_message */
};

/* writer.c: what stands at o's series and time goes to the revisions. */
MUST_USE enum err store_revise(struct store *s, const struct observation *o);

/* series.c */
MUST_USE enum err store_load_series(struct store *s);
void store_restore_series(struct store *s);
MUST_USE enum err store_unit_id(struct store *s, const char *text, sqlite3_int64 *id);

/* frames.c */
MUST_USE enum err store_open_frames(struct store *s);
void store_close_frames(struct store *s);
MUST_USE enum err store_write_frames(struct store *s);
void store_drop_frames(struct store *s); /* what is not written, and the memory of ids */

/* changes.c */
MUST_USE enum err store_load_changes(struct store *s);

/* place.c */
MUST_USE enum err store_load_choices(struct store *s);

/* books.c */
MUST_USE enum err store_load_books(struct store *s);
void store_keep_books(struct store *s);
void store_restore_books(struct store *s);
MUST_USE enum err store_write_books(struct store *s);
MUST_USE enum err store_find_books(struct store *s, const char *source, const char *city,
                                   struct books **out);

#endif
