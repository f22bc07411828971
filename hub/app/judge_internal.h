/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_JUDGE_INTERNAL_H
#define APP_JUDGE_INTERNAL_H

/* What the files of the judge share: series, their tests, and points beside each other.
 * Threads: as judge.h. */

#include "app/judge.h"
#include "base/clock.h"

#define JUDGE_PAUSE_US (INT64_C(1) * JUDGE_PAUSE_S * CLOCK_US_PER_S)
#define JUDGE_REACH_US (7 * CLOCK_US_PER_DAY) /* configuration allows no more */

enum { JUDGE_CHECKS = QUALITY_TESTS };

/* A series, and its last points if they are known. */
struct tail {
    int32_t series; /* 0: free */
    const struct parameter *parameter;
    const struct station *station; /* NULL: housekeeping, or not configured any more */
    bool any;                      /* tests that look at more than one value */
    int64_t reach_us;              /* the longest of them looks back so far */
    const void *settings[JUDGE_CHECKS]; /* by check; NULL: does not run; for times in */
    int64_t settings_from_us, settings_to_us; /* [from, to) */

    bool known;          /* all below */
    bool open;           /* more points may stand before the first of last */
    unsigned count;      /* of last, oldest first */
    quality_tests tests; /* of the newest */
    int64_t next_us;  /* of the first point stored behind the newest; INT64_MAX: none */
    int64_t clear_us; /* so far it was looked for; INT64_MAX: everywhere */
    struct {
        int64_t time_us;
        double value;
    } last[JUDGE_REMEMBERED];
};

/* Points of one series beside each other, in room that grows. */
struct row_of_points {
    int64_t *time_us;
    double *value;
    size_t count, size;
    bool open;        /* more stand before */
    size_t at, first; /* the piece around point at begins with first; 0: not known */
};

struct judge {
    struct store *store;
    const struct configuration *configuration;
    const struct check *checks[JUDGE_CHECKS]; /* those that look at more than one value */
    int slots[JUDGE_CHECKS];
    int maintenance; /* slot of the test */
    size_t check_count;
    const struct placement **placements; /* by station */
    size_t placement_count;
    struct tail tails[JUDGE_TAILS];
    struct row_of_points row;
    struct store_point *read; /* room, read_size of them */
    size_t read_size;
    int64_t last_us; /* no point is stored behind it; INT64_MIN: not known */
};

/* The series, whether or not its points are known. */
struct tail *judge_tail(struct judge *j, int32_t series);

/* Parameter, station and tests of the series with that key, into t. */
void judge_look_up(const struct judge *j, const struct series_key *key, struct tail *t);

/* What the tests of point i of j->row look at. */
struct stretch judge_piece(struct judge *j, const struct tail *t, size_t i);

/* Flags of point i of j->row, put into tests; only those of checks that need all of
 * needs. *undecided: what stands before the row would tell. */
quality_tests judge_flags(struct judge *j, struct tail *t, size_t i, unsigned needs,
                          quality_tests tests, bool *undecided);

/* The flags of p where its checks can't look at all they need: 2; 9 if it is missing. */
quality_tests judge_refuse(const struct judge *j, struct tail *t,
                           const struct store_point *p);

/* A point was stored there. */
void judge_saw(struct judge *j, int64_t time_us);

/* Somebody worked at the sensor: no test looks at the point, and for those of other
 * points its value is missing. */
bool judge_is_maintained(const struct judge *j, quality_tests tests);
double judge_value(const struct judge *j, double value, quality_tests tests);

void judge_clear_row(struct judge *j);
MUST_USE enum err judge_add(struct judge *j, int64_t time_us, double value);

/* Points in [from_us, to_us] into j->read. ERR_FULL: more than JUDGE_POINTS. */
MUST_USE enum err judge_read(struct judge *j, int32_t series, int64_t from_us,
                             int64_t to_us, size_t *count);

/* The same, and the point before from_us and the one behind to_us, unless a pause lies
 * between: enough where tests look back to from_us. */
MUST_USE enum err judge_read_around(struct judge *j, int32_t series, int64_t from_us,
                                    int64_t to_us, size_t *count);

#endif
