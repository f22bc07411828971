/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Time: UTC, microseconds since 1970-01-01, int64_t. Only app, ingest and publish ask the
 * clock; everything else is given a time. Threads: any. */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_US_PER_S INT64_C(1000000)
#define CLOCK_US_PER_DAY (INT64_C(86400) * CLOCK_US_PER_S)
#define CLOCK_NONE INT64_MIN /* no time */

int64_t clock_now_us(void);       /* wall clock */
int64_t clock_monotonic_us(void); /* never steps; origin arbitrary */

/* RFC 3339 with offset or Z, "T" or blank between date and time, any number of decimals
 * (finer than a microsecond is cut off). ERR_SYNTAX: not such a text, or no such date;
 * a time without offset is ERR_SYNTAX too. Years 0001 to 9999. */
MUST_USE enum err clock_parse_rfc3339(const char *text, int64_t *time_us);

/* The same without an offset, read in zone (IANA name or "+01:00"). Of an hour that comes
 * twice the first is taken; one that is skipped is ERR_SYNTAX. ERR_UNKNOWN: no such zone.
 */
MUST_USE enum err clock_parse_local(const char *text, const char *zone, int64_t *time_us);

/* Seconds since 1970 to microseconds, rounded. False: outside the years 1 to 9999. */
bool clock_of_seconds(double seconds, int64_t *time_us);

enum { CLOCK_TEXT = 32 }; /* room for every format below */

/* "2026-11-22T12:00:00Z", decimals only as needed (at most 6). Returns the length. */
size_t clock_format(int64_t time_us, char to[CLOCK_TEXT]);

/* With exactly 6 decimals. Returns the length. */
size_t clock_format_us(int64_t time_us, char to[CLOCK_TEXT]);

/* UTC calendar. */
struct clock_date {
    int year, month, day; /* 1-based month and day */
};
struct clock_date clock_date_of(int64_t time_us);
int64_t clock_of_date(struct clock_date date); /* 00:00 UTC */

#endif
