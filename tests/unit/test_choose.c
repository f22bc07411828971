/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/choose.h"
#include "app/command.h"
#include "app/context.h"
#include "app/recompute.h"
#include "store/books.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/database.h"
#include "support/pipeline_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Conflicts settled by hand. Three messages say 10, 11 and 12 for one time; by the rule
 * the one with the lowest counter is held. */

#define OK(call) assert_int_equal((call), ERR_OK)

enum { AT_S = 1780271000 };
static const int64_t at_us = INT64_C(1780271000000000);

static void put(struct pipeline_world *w, const char *device, int counter,
                const char *values)
{
    const struct sent m = world_ttn(device, AT_S, counter, 0, values);
    world_feed(w, &m);
}

static int set_up(void **state)
{
    static struct pipeline_world w;
    world_begin(&w);
    put(&w, "ttn-1", 1, "\"temp\": 10, \"bat\": 3");
    put(&w, "ttn-1", 2, "\"temp\": 11, \"bat\": 3");
    put(&w, "ttn-1", 3, "\"temp\": 12");
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct pipeline_world *w = *state;
    pipeline_stop(w->pipeline);
    world_remove(w);
    return 0;
}

static struct choose_order by_value(double value)
{
    return (struct choose_order){.station = "luebeck-a",
                                 .parameter = "water_temperature",
                                 .position = "",
                                 .origin = "",
                                 .time_us = at_us,
                                 .by = CHOOSE_VALUE,
                                 .value = value};
}

struct said {
    char text[400];
};

static void take_line(void *arg, const char *line)
{
    struct said *said = arg;
    json_t *parsed = json_loads(line, 0, NULL);
    assert_non_null(parsed);
    snprintf(said->text, sizeof said->text, "%s",
             json_string_value(json_object_get(parsed, "text")));
    json_decref(parsed);
}

/* By the way of the control socket: order to request and back. */
static enum err choose(struct pipeline_world *w, const struct choose_order *order,
                       struct said *said, struct diag *d)
{
    int code = -1;
    char *line = choose_request(order);
    json_t *request = json_loads(line, 0, NULL);
    assert_non_null(request);
    const struct choose_order asked = choose_order_of(request);
    *d = (struct diag){0};
    enum err e = choose_run(w->pipeline, &asked, said, take_line, &code, d);
    assert_int_equal(code, e == ERR_OK ? EXIT_DONE : -1);
    json_decref(request);
    free(line);
    return e;
}

static void expect_choice(struct pipeline_world *w, const struct choose_order *order,
                          const char *text)
{
    struct said said = {""};
    struct diag d;
    enum err e = choose(w, order, &said, &d);
    if (e != ERR_OK) {
        fail_msg("%s: %s", err_text(e), d.text);
    }
    assert_string_equal(said.text, text);
}

static void expect_held(const struct pipeline_world *w, double value, int64_t message)
{
    int64_t is = 0;
    assert_close(world_held(w, "water_temperature", at_us, &is), value, 0);
    assert_int_equal(is, message);
}

#define PLACE "luebeck-a water_temperature main 2026-05-31T23:43:20Z: "

static void test_choice_wins_over_the_rule_and_is_taken_back(void **state)
{
    struct pipeline_world *w = *state;
    char *by_rule = world_dump(w);
    struct choose_order order = by_value(11);
    expect_held(w, 10, 1);
    expect_choice(w, &order, PLACE "11 degC (message 2) is held now, by hand");
    expect_held(w, 11, 2);
    assert_int_equal(world_number(w, "SELECT count(*) FROM revisions"), 1);
    assert_int_equal(world_number(w, "SELECT value FROM revisions"), 10);
    assert_int_equal(world_number(w, "SELECT count(*) FROM conflicts"), 2);
    world_audit(w, 3);
    expect_choice(w, &order, PLACE "11 degC (message 2) is held as before, by hand");
    assert_int_equal(world_number(w, "SELECT count(*) FROM revisions"), 1);
    order.by = CHOOSE_MESSAGE;
    order.message = 3;
    expect_choice(w, &order, PLACE "12 degC (message 3) is held now, by hand");
    expect_held(w, 12, 3);
    world_audit(w, 3);
    order.by = CHOOSE_RULE;
    expect_choice(w, &order, PLACE "10 degC (message 1) is held now, by the rule");
    assert_int_equal(world_number(w, "SELECT count(*) FROM choices"), 0);
    world_audit(w, 3);
    char *again = world_dump(w);
    assert_string_equal(by_rule, again);
    free(by_rule);
    free(again);
}

static void test_choice_survives_later_messages_and_a_restart(void **state)
{
    struct pipeline_world *w = *state;
    const struct choose_order order = by_value(11);
    expect_choice(w, &order, PLACE "11 degC (message 2) is held now, by hand");
    put(w, "ttn-1", 0, "\"temp\": 9"); /* by the rule it would be held */
    expect_held(w, 11, 2);
    assert_int_equal(world_fate(w, 4), FATE_CONFLICT);
    world_close(w);
    world_open(w);
    world_connect(w);
    put(w, "ttn-1", 0, "\"temp\": 8");
    put(w, "ttn-1", 0, "\"temp\": null");
    expect_held(w, 11, 2);
    world_audit(w, 6);
    put(w, "ttn-1", 0,
        "\"temp\": 11"); /* the same value of a message that ranks before */
    expect_held(w, 11, 7);
    world_audit(w, 7);
}

static void no_progress(void *arg, const struct pipeline_progress *p)
{
    (void)arg;
    assert_true(p->done <= p->of);
}

static int64_t recompute(struct pipeline_world *w)
{
    const struct recompute_order order = {.scope = {.from_us = at_us, .to_us = at_us + 1},
                                          .apply = true};
    struct recompute_result r;
    struct diag d = {0};
    OK(pipeline_recompute(w->pipeline, &order, NULL, no_progress, &r, &d));
    int64_t changed = r.changes[DIFFERENCE_VALUE];
    recompute_result_fini(&r);
    return changed;
}

static void test_choice_survives_recompute(void **state)
{
    struct pipeline_world *w = *state;
    const struct choose_order order = by_value(11);
    expect_choice(w, &order, PLACE "11 degC (message 2) is held now, by hand");
    assert_int_equal(recompute(w), 0);
    expect_held(w, 11, 2);
    world_reload(w, PIPELINE_CHANGED); /* what was degrees is kelvin now */
    assert_int_equal(recompute(w), 1);
    expect_held(w, 11 - 273.15, 2);
    assert_int_equal(world_number(w, "SELECT value < -200 FROM choices"), 1);
    world_audit(w, 3);
    put(w, "ttn-1", 0, "\"temp\": 9");
    expect_held(w, 11 - 273.15, 2);
    world_audit(w, 4);
    world_reload(w, PIPELINE_LATER);
    world_audit(w, 4);
}

static void test_choice_beside_a_running_pipeline(void **state)
{
    struct pipeline_world *w = *state;
    const struct choose_order order = by_value(12);
    world_reload(w, PIPELINE_CHANGED);
    OK(pipeline_start(w->pipeline));
    expect_choice(w, &order, PLACE "12 degC (message 3) is held now, by hand");
    assert_int_equal(recompute(w), 1);
    pipeline_stop(w->pipeline);
    expect_held(w, 12 - 273.15, 3);
    world_audit(w, 3);
}

static void expect_refused(struct pipeline_world *w, const struct choose_order *order,
                           enum err code, const char *sentence)
{
    struct said said = {""};
    struct diag d;
    assert_int_equal(choose(w, order, &said, &d), code);
    assert_non_null(strstr(d.text, sentence));
    assert_string_equal(said.text, "");
    audit_expect_right(w->folder);
}

static void test_choice_of_what_is_not_there(void **state)
{
    struct pipeline_world *w = *state;
    struct choose_order order = by_value(13);
    expect_refused(w, &order, ERR_UNKNOWN, "no message gave 13 there");
    order.value = (double)NAN;
    expect_refused(w, &order, ERR_UNKNOWN, "no message gave a missing value there");
    order.by = CHOOSE_MESSAGE;
    order.message = 4711;
    expect_refused(w, &order, ERR_UNKNOWN, "message 4711 holds and keeps nothing");
    order = by_value(11);
    order.parameter = "conductivity_raw";
    expect_refused(w, &order, ERR_UNKNOWN, "there is no conflict of luebeck-a");
    order = by_value(11);
    put(w, "ttn-2", 1, "\"temp\": 11");
    put(w, "ttn-2", 2, "\"temp\": 12");
    expect_refused(w, &order, ERR_UNKNOWN, "--position or --origin");
    order.position = "bottom";
    expect_choice(w, &order,
                  "luebeck-a water_temperature bottom 2026-05-31T23:43:20Z: 11 degC "
                  "(message 4) is held as before, by hand");
    expect_held(w, 11, 4);
}

static void test_choice_of_what_was_given_up(void **state)
{
    struct pipeline_world *w = *state;
    world_close(w);
    database_run(w->folder, "hub.db", "INSERT OR REPLACE INTO numbers VALUES(1, 2)");
    world_open(w);
    struct said said = {""};
    struct diag d;
    const struct choose_order order = by_value(12);
    assert_int_equal(choose(w, &order, &said, &d), ERR_REFUSED);
    assert_non_null(strstr(d.text, "message 1 was given up"));
    expect_held(w, 10, 1);
}

static int run_verb(struct pipeline_world *w, const char *value, const char *time)
{
    char words[][300] = {"kogge", "conflicts", "choose", "luebeck-a", "water_temperature",
                         "",      "",          "--data", ""};
    char *given[10] = {NULL};
    for (size_t i = 0; i < 9; i++) {
        given[i] = words[i];
    }
    snprintf(words[5], sizeof words[5], "%s", time);
    snprintf(words[6], sizeof words[6], "%s", value);
    snprintf(words[8], sizeof words[8], "%s", w->folder);
    return command_line(9, given);
}

static void test_choice_with_the_hub_down(void **state)
{
    struct pipeline_world *w = *state;
    static const char time[] = "2026-05-31T23:43:20Z";
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    OK(context_read(w->conf, &files, &c, &faults, NULL));
    OK(context_accept(w->folder, files));
    configuration_free(c);
    config_faults_fini(&faults);
    config_files_close(files);
    world_close(w);
    assert_int_equal(run_verb(w, "warm", time), EXIT_USAGE);
    assert_int_equal(run_verb(w, "--message=x", time), EXIT_USAGE);
    assert_int_equal(run_verb(w, "12", "noon"), EXIT_USAGE);
    assert_int_equal(run_verb(w, "-13", time), EXIT_USAGE);
    assert_int_equal(run_verb(w, "12", time), EXIT_DONE);
    expect_held(w, 12, 3);
    assert_int_equal(run_verb(w, "--message=2", time), EXIT_DONE);
    expect_held(w, 11, 2);
    assert_int_equal(run_verb(w, "--rule", time), EXIT_DONE);
    expect_held(w, 10, 1);
    world_audit(w, 3);
    int lock = -1;
    OK(context_lock(w->folder, &lock, NULL));
    assert_int_equal(run_verb(w, "12", time), EXIT_LOCKED);
    close(lock);
    world_open(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_choice_wins_over_the_rule_and_is_taken_back),
        TEST(test_choice_survives_later_messages_and_a_restart),
        TEST(test_choice_survives_recompute),
        TEST(test_choice_beside_a_running_pipeline),
        TEST(test_choice_of_what_is_not_there),
        TEST(test_choice_of_what_was_given_up),
        TEST(test_choice_with_the_hub_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
