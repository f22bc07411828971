/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"
#include "app/recomputing.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    STATIONS_TEXT = 3000, /* the request fits into a line */
    SERIES_SHOWN = 50,    /* on a terminal; --json has all */
};

/* Names of the counts, for people. */
static const char *const change_texts[DIFFERENCE_COUNT] = {
    "new", "of another value", "with other flags", "received otherwise", "withdrawn"};

struct telling {
    const struct invocation *invocation;
    json_t *series, *examples, *sums; /* of --json */
    int64_t different;                /* series */
    bool examples_begun;
};

static int64_t count_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

/* "3 new, 2 withdrawn, 7 unchanged". */
static void print_counts(const json_t *row)
{
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        int64_t count = count_of(row, recomputing_changes[k]);
        if (count > 0) {
            printf("%lld %s, ", (long long)count, change_texts[k]);
        }
    }
    printf("%lld unchanged\n", (long long)count_of(row, "unchanged"));
}

static bool is_different(const json_t *row)
{
    bool different = false;
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        different = different || count_of(row, recomputing_changes[k]) > 0;
    }
    return different;
}

static void print_name(const json_t *row)
{
    const char *origin = text_of(row, "origin");
    printf("%s %s %s%s%s", text_of(row, "station"), text_of(row, "parameter"),
           text_of(row, "position"), strcmp(origin, "measured") != 0 ? " " : "",
           strcmp(origin, "measured") != 0 ? origin : "");
}

static const char *number_text(const json_t *value, char to[NUMBER_TEXT])
{
    if (json_is_number(value)) {
        number_format(json_number_value(value), to);
    } else {
        text_copy(to, NUMBER_TEXT, "missing");
    }
    return to;
}

/* received: also as what, and in which message. */
static void print_side(const json_t *side, bool received)
{
    char number[NUMBER_TEXT];
    char unit[REPORT_PLAIN];
    if (!json_is_object(side)) {
        printf("nothing");
        return;
    }
    printf("%s (flag %s", number_text(json_object_get(side, "value"), number),
           text_of(side, "flag"));
    if (received) {
        printf(", received as %s %s in message %lld",
               number_text(json_object_get(side, "raw_value"), number),
               report_plain(text_of(side, "raw_unit"), unit),
               (long long)count_of(side, "message_id"));
    }
    putchar(')');
}

static void print_series(struct telling *t, const json_t *row)
{
    t->different++;
    if (t->different <= SERIES_SHOWN) {
        print_name(row);
        printf(": ");
        print_counts(row);
    }
}

static void print_example(struct telling *t, const json_t *row)
{
    bool received =
        strcmp(text_of(row, "change"), recomputing_changes[DIFFERENCE_SOURCE]) == 0;
    if (!t->examples_begun && t->different > SERIES_SHOWN) {
        printf("and %lld series more; --json names all\n",
               (long long)(t->different - SERIES_SHOWN));
    }
    puts(t->examples_begun ? "" : "\nexamples");
    t->examples_begun = true;
    printf("  ");
    print_name(row);
    printf(" %s, %s: ", text_of(row, "time"), text_of(row, "unit"));
    print_side(json_object_get(row, "before"), received);
    printf(" -> ");
    print_side(json_object_get(row, "after"), received);
}

static void print_sums(struct telling *t, const json_t *sums)
{
    int64_t alone = count_of(sums, "left_alone");
    int64_t conflicts = count_of(sums, "conflicts_kept_otherwise");
    int64_t fates = count_of(sums, "fates");
    bool applied = json_is_true(json_object_get(sums, "applied"));
    if (t->examples_begun) {
        puts("\n");
    }
    printf("messages worked on: %lld; observations: ",
           (long long)count_of(sums, "messages"));
    print_counts(sums);
    if (conflicts > 0) {
        printf("conflicts whose values kept aside differ: %lld\n", (long long)conflicts);
    }
    if (fates > 0) {
        printf("messages that %s another fate, pending and rejected ones: %lld\n",
               applied ? "have" : "would have", (long long)fates);
    }
    if (alone > 0) {
        printf("left alone, since their messages were given up for their age: %lld\n",
               (long long)alone);
    }
    bool different = is_different(sums) || conflicts > 0 || fates > 0;
    if (!different && count_of(sums, "unchanged") == 0 && alone == 0) {
        command_say(t->invocation,
                    "there is no observation in that period, and no message"
                    " gives one");
    } else if (applied) {
        command_say(t->invocation, different ? "all of it is in place" : "nothing to do");
    } else if (different) {
        command_say(t->invocation, "nothing was changed; --apply puts it in place");
    } else {
        command_say(t->invocation, "nothing differs by the configuration that holds; a"
                                   " change of its files holds after kogge reload");
    }
}

static void print_row(struct telling *t, const json_t *line)
{
    const json_t *series = json_object_get(line, "series");
    const json_t *example = json_object_get(line, "example");
    const json_t *sums = json_object_get(line, "recompute");
    if (series != NULL && is_different(series)) {
        print_series(t, series);
    } else if (example != NULL) {
        print_example(t, example);
    } else if (sums != NULL) {
        print_sums(t, sums);
    }
}

static void take_line(void *arg, const json_t *line)
{
    struct telling *t = arg;
    if (t->series == NULL) {
        if (!t->invocation->quiet) {
            print_row(t, line);
        }
        return;
    }
    json_t *copy = json_deep_copy(line);
    json_t *series = json_object_get(copy, "series");
    json_t *example = json_object_get(copy, "example");
    json_t *sums = json_object_get(copy, "recompute");
    if (series != NULL) {
        json_array_append(t->series, series);
    } else if (example != NULL) {
        json_array_append(t->examples, example);
    } else if (sums != NULL) {
        json_decref(t->sums);
        t->sums = json_incref(sums);
    }
    json_decref(copy);
}

/* Takes the blanks around a name away. */
static char *trim(char *name)
{
    name += strspn(name, " ");
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] == ' ') {
        name[--length] = '\0';
    }
    return name;
}

/* "a,b": each name ends where a comma was. text: room for a copy, in which the names are.
 */
static int read_stations(const struct invocation *i, char text[STATIONS_TEXT],
                         struct batch_scope *scope, const char **names)
{
    const char *given = invocation_value(i, "--station");
    if (given == NULL) {
        return EXIT_DONE;
    }
    if (strlen(given) >= STATIONS_TEXT) {
        return command_fail(i, EXIT_USAGE, "--station has more than %d bytes",
                            STATIONS_TEXT - 1);
    }
    text_copy(text, STATIONS_TEXT, given);
    scope->stations = names;
    for (char *at = text, *next; at != NULL; at = next) {
        next = strchr(at, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (scope->station_count == RECOMPUTING_STATIONS) {
            return command_fail(i, EXIT_USAGE, "--station has more than %d names",
                                RECOMPUTING_STATIONS);
        }
        names[scope->station_count] = trim(at);
        if (names[scope->station_count++][0] == '\0') {
            return command_fail(i, EXIT_USAGE, "--station has an empty name");
        }
    }
    return EXIT_DONE;
}

static int read_period(const struct invocation *i, struct batch_scope *scope)
{
    static const char *const names[] = {"--from", "--to"};
    int64_t *const times[] = {&scope->from_us, &scope->to_us};
    for (size_t k = 0; k < 2; k++) {
        const char *given = invocation_value(i, names[k]);
        if (given == NULL) {
            return command_fail(i, EXIT_USAGE, "%s TIME is needed", names[k]);
        }
        if (clock_parse_rfc3339(given, times[k]) != ERR_OK) {
            return command_fail(i, EXIT_USAGE,
                                "%s %s is no time like 2026-11-22T12:00:00Z", names[k],
                                given);
        }
    }
    return scope->from_us < scope->to_us
               ? EXIT_DONE
               : command_fail(i, EXIT_USAGE, "--to must be after --from");
}

static void finish_json(struct telling *t, int code)
{
    if (t->series != NULL && t->sums != NULL &&
        (code == EXIT_DONE || code == EXIT_FINDINGS)) {
        json_object_set(t->sums, "series", t->series);
        json_object_set(t->sums, "examples", t->examples);
        report_json("recompute", json_incref(t->sums));
    }
    json_decref(t->series);
    json_decref(t->examples);
    json_decref(t->sums);
}

static int recompute(struct invocation *i)
{
    char text[STATIONS_TEXT];
    const char *stations[RECOMPUTING_STATIONS];
    struct recompute_order order = {.apply = invocation_value(i, "--apply") != NULL};
    struct telling telling = {.invocation = i};
    int code = read_period(i, &order.scope);
    code = code != EXIT_DONE ? code : read_stations(i, text, &order.scope, stations);
    if (code != EXIT_DONE) {
        return code;
    }
    if (i->json) {
        telling.series = json_array();
        telling.examples = json_array();
    }
    const struct ask_work work = {.request = recomputing_request(&order),
                                  .order = &order,
                                  .run = recomputing_run,
                                  .arg = &telling,
                                  .take = take_line};
    code = ask_work(i, &work);
    finish_json(&telling, code);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Work out a period anew with today's configuration and say what differs",
    .examples = {"kogge recompute --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z",
                 "kogge recompute --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z"
                 " --station luebeck-bauhof --apply"},
    .options = {{"--from", "TIME", "first time of observations"},
                {"--to", "TIME", "end of the period, not in it"},
                {"--station", "S,S...", "only these stations (or devices)"},
                {"--apply", NULL, "put it in place; what was there becomes a revision"}},
    .json = true,
    .run = recompute,
}};

const struct command command_recompute = {"recompute", verbs, 1};
