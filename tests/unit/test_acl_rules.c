/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/acl.h"
#include "support/assert_close.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 1 << 16 };

/* One city, one model, one source; the tests set what they are about. */
struct world {
    struct city city;
    struct sensor_model model;
    struct device devices[4];
    struct source sources[2];
    struct configuration c;
    int skipped;
};

static const char *const senml[] = {"senml"};

static void make_world(struct world *w, const char *const *filter, const char *device)
{
    // cppcheck-suppress unknownEvaluationOrder ; there are no side effects
    *w = (struct world){.city = {.city = "kiel"},
                        .model = {.model = "m", .formats = senml, .format_count = 1}};
    w->devices[0] =
        (struct device){.device = device, .city = &w->city, .model = &w->model};
    w->sources[0] = (struct source){.source = "s",
                                    .city = "kiel",
                                    .broker = "mqtt://127.0.0.1",
                                    .subscribe = filter,
                                    .subscribe_count = 1,
                                    .format = "senml"};
    w->c = (struct configuration){.sources = w->sources,
                                  .source_count = 1,
                                  .cities = &w->city,
                                  .city_count = 1,
                                  .devices = w->devices,
                                  .device_count = 1};
}

static void count_skipped(void *arg, const struct device *device)
{
    (void)device;
    ((struct world *)arg)->skipped++;
}

static enum err rules_of(struct world *w, struct buf *text)
{
    struct acl_user *users = NULL;
    size_t count = 0;
    enum err e = acl_list_users(&w->c, w, count_skipped, &users, &count, NULL);
    buf_init(text, TEXT_MOST);
    for (size_t k = 0; e == ERR_OK && k < count; k++) {
        acl_put_rules(&w->c, &users[k], text);
    }
    free(users);
    return e;
}

static bool is_user(const char *const *filter, const char *device, const char *line)
{
    struct world w;
    struct buf text;
    make_world(&w, filter, device);
    assert_int_equal(rules_of(&w, &text), ERR_OK);
    bool found = strstr(buf_text(&text), line) != NULL;
    buf_fini(&text);
    return found;
}

static void test_acl_a_node_is_a_device_whose_topic_a_source_takes(void **state)
{
    (void)state;
    static const char *const taken[] = {
        "kogge/v1/kiel/+/up",    "kogge/v1/kiel/n1/up", "kogge/#",
        "kogge/v1/kiel/n1/up/#", "kogge/+/+/+/+",       "$share/g/kogge/v1/+/+/up"};
    static const char *const others[] = {"kogge/v1/kiel/+/status", "kogge/v1/kiel/+",
                                         "kogge/v1/kiel/+/up/+",   "kogge/v1/kiel/n12/up",
                                         "kogge/v1/luebeck/+/up",  "#",
                                         "koggen/v1/kiel/+/up",    "$share/kogge/x/#"};
    for (size_t k = 0; k < sizeof taken / sizeof *taken; k++) {
        assert_true(is_user(&taken[k], "n1", "user kiel.n1\n"));
    }
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        assert_false(is_user(&others[k], "n1", "user kiel.n1\n"));
    }
}

static void test_acl_rules_of_a_node_name_its_own_topics_only(void **state)
{
    (void)state;
    static const char *const filter[] = {"kogge/v1/kiel/+/up"};
    assert_true(is_user(filter, "n1",
                        "\nuser kiel.n1\n"
                        "topic write kogge/v1/kiel/n1/up\n"
                        "topic write kogge/v1/kiel/n1/status\n"
                        "topic read kogge/v1/kiel/n1/receipt\n"
                        "topic read kogge/v1/kiel/n1/config\n"
                        "\nuser public\n"
                        "topic read kogge/v1/+/+/+/observation\n"));
    assert_false(is_user(filter, "n1", "user from-"));
}

static void test_acl_who_feeds_a_wide_filter_is_no_node(void **state)
{
    (void)state;
    static const char *const wide[] = {"#", "+/x", "$share/g/+/v1/#"};
    static const char *const narrow[] = {"a/#"};
    const char *denied = "topic deny kogge/#\n";
    for (size_t k = 0; k < sizeof wide / sizeof *wide; k++) {
        assert_true(is_user(&wide[k], "n1", denied));
    }
    assert_true(is_user(narrow, "n1", "user from-s\n"));
    assert_false(is_user(narrow, "n1", denied));
}

static void test_acl_hostile_ids_become_no_user(void **state)
{
    (void)state;
    static const char *const filter[] = {"kogge/#"};
    static const char *const ids[] = {"+",    "#",    "",         "a\nuser public",
                                      "a:b",  "a b",  "\xC3\xA4", "a\\b",
                                      "a\rb", "a\tb", "a\x7F"};
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
        struct world w;
        struct buf text;
        make_world(&w, filter, ids[k]);
        assert_int_equal(rules_of(&w, &text), ERR_OK);
        assert_null(strstr(buf_text(&text), "user kiel."));
        buf_fini(&text);
    }
}

static void test_acl_hostile_filters_and_users_are_faults(void **state)
{
    (void)state;
    static const char *const filters[] = {"a\ntopic readwrite #", "a ", " a", "",
                                          "a\x01"};
    static const char *const users[] = {"a\nuser public", "a:b", "", "a b"};
    static const char *const good[] = {"pegel/#"};
    struct world w;
    struct buf text;
    for (size_t k = 0; k < sizeof filters / sizeof *filters; k++) {
        make_world(&w, &filters[k], "n1");
        assert_int_equal(rules_of(&w, &text), ERR_CONFIG);
    }
    for (size_t k = 0; k < sizeof users / sizeof *users; k++) {
        make_world(&w, good, "n1");
        w.sources[0].user = users[k];
        assert_int_equal(rules_of(&w, &text), ERR_CONFIG);
    }
    make_world(&w, good, "n1");
    w.sources[0].user = "public";
    assert_int_equal(rules_of(&w, &text), ERR_CONFIG);
}

static void assert_settings(const char *a, const char *b, bool certificates,
                            enum err want, const char *line)
{
    static const char *const filter[] = {"pegel/#"};
    struct world w;
    struct buf text;
    make_world(&w, filter, "n1");
    w.sources[1] = w.sources[0];
    w.sources[0].broker = a;
    w.sources[1].broker = b;
    w.c.source_count = 2;
    buf_init(&text, TEXT_MOST);
    assert_int_equal(acl_put_settings(&w.c, "/b", certificates, &text, NULL), want);
    if (line != NULL) {
        assert_non_null(strstr(buf_text(&text), line));
    }
    buf_fini(&text);
}

static void test_acl_settings_listen_where_the_sources_ask(void **state)
{
    (void)state;
    const char *here = "mqtt://127.0.0.1:1883";
    const char *there = "mqtts://broker.example:8883";
    assert_settings(here, here, false, ERR_OK, "\nlistener 1883 127.0.0.1\n");
    assert_settings(here, "mqtt://broker.example", false, ERR_OK, "\nlistener 1883\n");
    assert_settings(here, there, false, ERR_OK, "\nlistener 8883\n");
    assert_settings(there, there, true, ERR_OK, "\ncrlfile /b/tls/crl.pem\n");
    assert_settings(here, there, true, ERR_CONFIG, NULL);
    assert_settings(here, "mqtts://127.0.0.1:1883", false, ERR_CONFIG, NULL);
    assert_settings(here, "tcp:/x", false, ERR_CONFIG, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acl_a_node_is_a_device_whose_topic_a_source_takes),
        cmocka_unit_test(test_acl_rules_of_a_node_name_its_own_topics_only),
        cmocka_unit_test(test_acl_who_feeds_a_wide_filter_is_no_node),
        cmocka_unit_test(test_acl_hostile_ids_become_no_user),
        cmocka_unit_test(test_acl_hostile_filters_and_users_are_faults),
        cmocka_unit_test(test_acl_settings_listen_where_the_sources_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
