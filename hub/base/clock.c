/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_read(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * CLOCK_US_PER_S + t.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a Gregorian date; H. Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms", days_from_civil and civil_from_days. */
static int64_t days_of(struct clock_date d)
{
    int64_t y = d.year - (d.month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct clock_date clock_date_of(int64_t time_us)
{
    int64_t z = floor_div(time_us, CLOCK_US_PER_DAY) + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);
    return (struct clock_date){.year = (int)(year + era * 400 + (month <= 2)),
                               .month = month,
                               .day = (int)(of_year - (153 * m + 2) / 5 + 1)};
}

int64_t clock_of_date(struct clock_date date)
{
    return days_of(date) * CLOCK_US_PER_DAY;
}

bool clock_of_seconds(double seconds, int64_t *time_us)
{
    if (!(seconds >= -62135596800.0 && seconds < 253402300800.0)) {
        return false;
    }
    /* Rounded, not cut: 1276020076.001 as a double lies just below its last digit. */
    *time_us = llround(seconds * 1e6);
    return true;
}

/* Reads exactly digits digits at *p and moves on; -1 if they are not there. */
static int take_digits(const char **p, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (**p < '0' || **p > '9') {
            return -1;
        }
        value = value * 10 + (**p - '0');
    }
    return value;
}

static bool take_char(const char **p, const char *any)
{
    if (**p == '\0' || strchr(any, **p) == NULL) {
        return false;
    }
    (*p)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Microseconds of ".123456789", digits finer than that are cut off; -1: no digit. */
static int64_t take_fraction(const char **p)
{
    if (!take_char(p, ".,")) {
        return 0;
    }
    int64_t us = 0;
    int digits = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++, digits++) {
        if (digits < 6) {
            us = us * 10 + (**p - '0');
        }
    }
    for (int i = digits; i < 6; i++) {
        us *= 10;
    }
    return digits > 0 ? us : -1;
}

/* Date and time up to the offset; CLOCK_NONE if it is not one. */
static int64_t take_date_time(const char **p)
{
    struct clock_date d;
    d.year = take_digits(p, 4);
    bool ok = d.year >= 1 && take_char(p, "-");
    d.month = ok ? take_digits(p, 2) : -1;
    ok = d.month >= 1 && d.month <= 12 && take_char(p, "-");
    d.day = ok ? take_digits(p, 2) : -1;
    ok = d.day >= 1 && d.day <= days_in_month(d.year, d.month) && take_char(p, "Tt ");
    int hour = ok ? take_digits(p, 2) : -1;
    ok = hour >= 0 && hour <= 23 && take_char(p, ":");
    int minute = ok ? take_digits(p, 2) : -1;
    ok = minute >= 0 && minute <= 59 && take_char(p, ":");
    int second = ok ? take_digits(p, 2) : -1;
    int64_t us = second >= 0 && second <= 60 ? take_fraction(p) : -1;
    if (us < 0) {
        return CLOCK_NONE;
    }
    return clock_of_date(d) + (hour * 3600 + minute * 60 + second) * CLOCK_US_PER_S + us;
}

/* "Z", "+01:00", "+0100"; seconds, or INT32_MIN if it is none. */
static int32_t take_offset_s(const char **p)
{
    if (take_char(p, "Zz")) {
        return 0;
    }
    int sign = **p == '-' ? -1 : 1;
    if (!take_char(p, "+-")) {
        return INT32_MIN;
    }
    int hours = take_digits(p, 2);
    (void)take_char(p, ":");
    int minutes = hours >= 0 ? take_digits(p, 2) : -1;
    if (hours > 23 || minutes < 0 || minutes > 59) {
        return INT32_MIN;
    }
    return sign * (hours * 3600 + minutes * 60);
}

enum err clock_parse_rfc3339(const char *text, int64_t *time_us)
{
    const char *p = text;
    int64_t local_us = take_date_time(&p);
    int32_t offset_s = local_us == CLOCK_NONE ? INT32_MIN : take_offset_s(&p);
    if (offset_s == INT32_MIN || *p != '\0') {
        return ERR_SYNTAX;
    }
    *time_us = local_us - offset_s * CLOCK_US_PER_S;
    return ERR_OK;
}

/* libc knows the zones, but only through the environment: one caller at a time. */
static pthread_mutex_t zone_mutex = PTHREAD_MUTEX_INITIALIZER;

static bool zone_exists(const char *zone)
{
    char path[300];
    if (zone[0] == '/' || zone[0] == '\0' || strstr(zone, "..") != NULL) {
        return false;
    }
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    return access(path, R_OK) == 0;
}

static enum err local_in_zone(int64_t local_us, const char *zone, int64_t *time_us)
{
    struct clock_date d = clock_date_of(local_us);
    int64_t second = floor_div(local_us, CLOCK_US_PER_S);
    int of_day = (int)(second - floor_div(second, 86400) * 86400);
    const struct tm wanted = {.tm_year = d.year - 1900,
                              .tm_mon = d.month - 1,
                              .tm_mday = d.day,
                              .tm_hour = of_day / 3600,
                              .tm_min = of_day / 60 % 60,
                              .tm_sec = of_day % 60};
    char *before = getenv("TZ");
    before = before != NULL ? strdup(before) : NULL;
    setenv("TZ", zone, 1);
    tzset();
    time_t found = -1;
    bool exists = false;
    for (int summer = 1; summer >= 0 && !exists; summer--) {
        struct tm t = wanted;
        t.tm_isdst =
            summer; /* summer time first: the first of an hour that comes twice */
        found = mktime(&t);
        exists = t.tm_isdst == summer && t.tm_hour == wanted.tm_hour &&
                 t.tm_min == wanted.tm_min;
    }
    if (before != NULL) {
        setenv("TZ", before, 1);
    } else {
        unsetenv("TZ");
    }
    tzset();
    free(before);
    if (!exists) {
        return ERR_SYNTAX;
    }
    *time_us = (int64_t)found * CLOCK_US_PER_S + (local_us - second * CLOCK_US_PER_S);
    return ERR_OK;
}

enum err clock_parse_local(const char *text, const char *zone, int64_t *time_us)
{
    const char *p = text;
    int64_t local_us = take_date_time(&p);
    if (local_us == CLOCK_NONE || *p != '\0') {
        return ERR_SYNTAX;
    }
    const char *z = zone;
    int32_t offset_s = take_offset_s(&z);
    if (offset_s != INT32_MIN && *z == '\0') {
        *time_us = local_us - offset_s * CLOCK_US_PER_S;
        return ERR_OK;
    }
    if (!zone_exists(zone)) {
        return ERR_UNKNOWN;
    }
    pthread_mutex_lock(&zone_mutex);
    enum err e = local_in_zone(local_us, zone, time_us);
    pthread_mutex_unlock(&zone_mutex);
    return e;
}

static void put_digits(char *to, int digits, int64_t value)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10) {
        to[i] = (char)('0' + value % 10);
    }
}

size_t clock_format_us(int64_t time_us, char to[CLOCK_TEXT])
{
    struct clock_date d = clock_date_of(time_us);
    int64_t of_day = time_us - floor_div(time_us, CLOCK_US_PER_DAY) * CLOCK_US_PER_DAY;
    int64_t s = of_day / CLOCK_US_PER_S;
    memcpy(to, "0000-00-00T00:00:00.000000Z", 28);
    put_digits(to, 4, d.year);
    put_digits(to + 5, 2, d.month);
    put_digits(to + 8, 2, d.day);
    put_digits(to + 11, 2, s / 3600);
    put_digits(to + 14, 2, s / 60 % 60);
    put_digits(to + 17, 2, s % 60);
    put_digits(to + 20, 6, of_day % CLOCK_US_PER_S);
    return 27;
}

size_t clock_format(int64_t time_us, char to[CLOCK_TEXT])
{
    size_t length = clock_format_us(time_us, to) - 1;
    while (to[length - 1] == '0') {
        length--;
    }
    if (to[length - 1] == '.') {
        length--;
    }
    /* all decimals gone must not eat the seconds' zeros: the dot stops the loop above */
    to[length++] = 'Z';
    to[length] = '\0';
    return length;
}
