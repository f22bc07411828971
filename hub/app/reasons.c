/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/reasons.h"

#include "app/judge_internal.h"
#include "base/text.h"
#include "quality/ranges.h"
#include "quality/settings.h"
#include "store/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE_TEXT = 2 * REASON_TEXT };

struct reasons {
    struct store_reader *store;
    struct judge *judge; /* its row holds what stands around the observation, */
    size_t at;           /* which is this one of it */
    enum err err;        /* of reading that; ERR_FULL: too much stands there */
};

/* One flag that is asked about. */
struct question {
    const struct observation_row *row;
    const char *test;
    enum quality flag, today;
    const struct test_settings *settings;
    char text[LANGUAGES][WHOLE_TEXT];
};

/* The slot of the test, or one that no test has. */
static int slot_of(const struct store_reader *store, const char *test)
{
    const char *const *names = store_test_names(store);
    int none = 0;
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        if (names[slot] == NULL) {
            none = slot;
        } else if (strcmp(names[slot], test) == 0) {
            return slot;
        }
    }
    return none;
}

enum err reasons_open(struct store_reader *store, const struct configuration *c,
                      struct reasons **out)
{
    /* flags are read, of this test only */
    const int slots[QUALITY_TESTS] = {[QUALITY_TEST_MAINTENANCE] =
                                          slot_of(store, "maintenance")};
    struct reasons *r = calloc(1, sizeof *r);
    enum err e = r != NULL ? judge_open(NULL, c, slots, &r->judge) : ERR_MEMORY;
    if (e != ERR_OK) {
        free(r);
        return e;
    }
    r->store = store;
    *out = r;
    return ERR_OK;
}

void reasons_close(struct reasons *r)
{
    if (r != NULL) {
        judge_close(r->judge);
        free(r);
    }
}

/* --- what stands around the observation --- */

struct around {
    struct reasons *reasons;
    int64_t at_us, from_us; /* of the observation; one point up to here is enough */
};

/* Keeps what a test looks at: one point before its reach, and one behind. */
static void take_point(void *arg, const struct store_point *p)
{
    const struct around *a = arg;
    struct reasons *r = a->reasons;
    struct row_of_points *row = &r->judge->row;
    if (row->count > 0 && row->time_us[row->count - 1] > a->at_us) {
        return;
    }
    if (p->time_us <= a->from_us && p->time_us < a->at_us) {
        judge_clear_row(r->judge);
    }
    if (p->time_us == a->at_us) {
        r->at = row->count;
    }
    if (r->err == ERR_OK) {
        r->err = row->count == JUDGE_POINTS
                     ? ERR_FULL
                     : judge_add(r->judge, p->time_us,
                                 judge_value(r->judge, p->value, p->tests));
    }
}

static void read_around(struct reasons *r, const struct observation_row *row,
                        const struct tail *t)
{
    struct around a = {r, row->time_us, row->time_us - t->reach_us};
    judge_clear_row(r->judge);
    r->err = ERR_OK;
    if (t->any) {
        enum err e = report_points(r->store, row->series, a.from_us - JUDGE_PAUSE_US,
                                   a.at_us + JUDGE_PAUSE_US, &a, take_point);
        r->err = e != ERR_OK ? e : r->err;
    }
}

/* --- what the tests say --- */

static void put_both(struct question *q, const char *german, const char *english)
{
    text_copy(q->text[LANGUAGE_DE], WHOLE_TEXT, german);
    text_copy(q->text[LANGUAGE_EN], WHOLE_TEXT, english);
}

static void put_check(struct question *q, const struct check *check, const void *settings,
                      const struct stretch *s, size_t i)
{
    for (size_t k = 0; k < LANGUAGES; k++) {
        struct reason reason = {.language = (enum language)k, .unit = q->row->unit};
        reason_say(&reason, check, settings, s, i, q->today);
        text_copy(q->text[k], WHOLE_TEXT, reason.text);
    }
}

static void say_no_value(struct question *q)
{
    put_both(q, "Es gibt keinen Wert.", "There is no value.");
}

static void say_range(struct question *q, const struct check_input *in)
{
    struct gross_range_settings settings;
    const struct stretch alone = {
        .time_us = &in->time_us, .value = &in->value, .count = 1};
    q->today = quality_judge_range(in);
    if (q->today == QUALITY_MISSING) {
        say_no_value(q);
        return;
    }
    switch (ranges_find(in, &settings)) {
    case RANGES_NO_REFERENCE:
        put_both(q,
                 "Die Grenzen zählen vom mittleren Wasserstand der Station, und dessen "
                 "Höhe zu dieser Zeit steht nicht in der Konfiguration.",
                 "The ranges count from the mean water of the station, whose height at "
                 "that time the configuration does not say.");
        break;
    case RANGES_FOUND:
        put_check(q, &check_gross_range, &settings, &alone, 0);
        break;
    default:
        break;
    }
}

static void say_check(struct reasons *r, struct question *q, const struct tail *t,
                      const struct check *check)
{
    const struct check_input in = {.parameter = t->parameter,
                                   .station = t->station,
                                   .time_us = q->row->time_us,
                                   .value = q->row->value};
    q->settings = t->parameter != NULL ? quality_settings(&in, check) : NULL;
    if (check == &check_gross_range && t->parameter != NULL) {
        say_range(q, &in);
    } else if (q->settings != NULL && !isfinite(in.value)) {
        q->today = QUALITY_MISSING;
        say_no_value(q);
    } else if (q->settings != NULL && r->err == ERR_FULL) {
        q->today = QUALITY_NOT_EVALUATED;
        put_both(q, "Hier stehen zu viele Werte, um sie alle anzusehen.",
                 "Too many values stand here to look at all of them.");
    } else if (q->settings != NULL) {
        const struct stretch s = judge_piece(r->judge, t, r->at);
        size_t i = (size_t)(r->judge->row.time_us + r->at - s.time_us);
        q->today = check_flag(check, q->settings->settings, QUALITY_HUB, &s, i);
        put_check(q, check, q->settings->settings, &s, i);
    }
}

static void say_device(struct question *q)
{
    static const struct {
        const char *german, *english;
    } said[] = {
        [QUALITY_GOOD] = {"gut", "good"},
        [QUALITY_NOT_EVALUATED] = {"nicht geprüft", "not evaluated"},
        [QUALITY_SUSPECT] = {"verdächtig", "suspect"},
        [QUALITY_FAIL] = {"falsch", "fail"},
    };
    snprintf(q->text[LANGUAGE_DE], WHOLE_TEXT, "Das Gerät selbst meldet: %s.",
             said[q->flag].german);
    snprintf(q->text[LANGUAGE_EN], WHOLE_TEXT, "The device itself says: %s.",
             said[q->flag].english);
}

/* Tests that no check runs: their flag hangs on the message, or on what people noted. */
static const struct {
    const char *test, *german, *english;
} noted[] = {
    {"time",
     "Die Zeit ist die der Ankunft, und die Nachricht kam gleich nach einer neuen "
     "Verbindung: Sie kann vorher gewartet haben, der Wert also älter sein.",
     "The time is that of arrival, and the message came just after a reconnect: it may "
     "have waited before, so the value may be older."},
    {"calibration",
     "Eine Prüfung vor Ort fand einen Fehler, mit dem der Wert nicht mehr zu "
     "veröffentlichen ist.",
     "A field check found an error with which the value is not fit to be published."},
    {"maintenance",
     "Zu dieser Zeit wurde am Sensor gearbeitet: Der Wert wird nicht beurteilt.",
     "Somebody worked at the sensor at that time: the value is not judged."},
    {"manual", "So hat es ein Mensch entschieden.", "A person decided so."},
};

static void say_noted(struct question *q)
{
    q->today = q->flag;
    if (q->flag == QUALITY_MISSING) {
        say_no_value(q);
        return;
    }
    for (size_t k = 0; k < sizeof noted / sizeof *noted; k++) {
        if (strcmp(q->test, noted[k].test) == 0) {
            put_both(q, noted[k].german, noted[k].english);
        }
    }
}

/* The flag that is stored is another one than today's. */
static void say_difference(struct question *q)
{
    char before[LANGUAGES][WHOLE_TEXT];
    memcpy(before, q->text, sizeof before);
    const char *was = quality_text(q->flag), *now = quality_text(q->today);
    if (q->today == QUALITY_NONE) {
        snprintf(
            q->text[LANGUAGE_DE], WHOLE_TEXT,
            "Es war %s, als geprüft wurde; die heutige Konfiguration hat diesen Test "
            "hier nicht. kogge recompute nähme es weg, solange die Nachricht noch da "
            "ist.",
            was);
        snprintf(
            q->text[LANGUAGE_EN], WHOLE_TEXT,
            "It was %s when it was judged; today's configuration does not run this "
            "test here. kogge recompute would take it away, while the message is kept.",
            was);
        return;
    }
    snprintf(q->text[LANGUAGE_DE], WHOLE_TEXT,
             "Es war %s, als geprüft wurde; nach der heutigen Konfiguration ist es %s: "
             "%.600s kogge recompute würde es ändern, solange die Nachricht noch da ist.",
             was, now, before[LANGUAGE_DE]);
    snprintf(q->text[LANGUAGE_EN], WHOLE_TEXT,
             "It was %s when it was judged; by today's configuration it is %s: %.600s "
             "kogge recompute would change it, while the message is kept.",
             was, now, before[LANGUAGE_EN]);
}

static void answer(struct reasons *r, struct question *q, const struct tail *t)
{
    const struct check *check = check_find(q->test);
    if (check != NULL) {
        say_check(r, q, t, check);
    } else {
        say_noted(q);
        if (strcmp(q->test, "device") == 0 && q->flag != QUALITY_MISSING) {
            say_device(q);
        }
    }
    if (q->today != q->flag) {
        say_difference(q);
    }
}

/* What nobody said the source of, we worked out. */
static const char *source_of(const struct test_settings *settings)
{
    if (settings == NULL) {
        return NULL;
    }
    return settings->source != NULL ? settings->source : "ours";
}

enum err reasons_tell(struct reasons *r, const struct observation_row *row, void *arg,
                      void (*put)(void *arg, const struct reasons_test *t))
{
    const char *const *names = store_test_names(r->store);
    struct tail t = {.series = row->series};
    judge_look_up(r->judge, &row->key, &t);
    read_around(r, row, &t);
    if (r->err != ERR_OK && r->err != ERR_FULL) {
        return r->err;
    }
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        struct question q = {
            .row = row, .test = names[slot], .flag = quality_tests_get(row->tests, slot)};
        if (q.test == NULL || q.flag == QUALITY_NONE) {
            continue;
        }
        answer(r, &q, &t);
        const struct reasons_test told = {.test = q.test,
                                          .flag = q.flag,
                                          .today = q.today,
                                          .source = source_of(q.settings),
                                          .text = {[LANGUAGE_DE] = q.text[LANGUAGE_DE],
                                                   [LANGUAGE_EN] = q.text[LANGUAGE_EN]}};
        put(arg, &told);
    }
    return ERR_OK;
}
