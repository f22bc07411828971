/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "config/config.h"
#include "support/fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOUND TEST_VECTORS "/config/sound"

/* Without the syncs of file_put, which thousands of files would wait for. */
static void put(const char *folder, const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_int_equal(file_make_folder(path, 0755), ERR_OK);
    *slash = '/';
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static const struct config_file *find(const struct config_files *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->files[i].name, name) == 0) {
            return &f->files[i];
        }
    }
    return NULL;
}

static void test_config_files_read_lays_folder_over_shipped(void **state)
{
    (void)state;
    char folder[256], shipped[256];
    struct config_files *f = NULL;
    struct diag d = {0};
    fixture_folder(folder);
    fixture_folder(shipped);
    put(folder, "hub.json", "{}");
    put(folder, "units.json", "{\"own_units\": []}");
    put(folder, "devices/b.json", "mine");
    put(folder, "devices/.hidden.json", "no");
    put(folder, "devices/b.json~", "no");
    put(folder, "cities/x/device-1.json", "{}");
    put(folder, "cities/x/deeper/device-2.json", "{}");
    put(shipped, "hub.json", "shipped");
    put(shipped, "units.json", "shipped");
    put(shipped, "parameters.json", "shipped");
    put(shipped, "devices/a.json", "shipped");
    put(shipped, "devices/b.json", "shipped");
    put(shipped, "cities/y.json", "shipped");
    put(shipped, "datasets/z.json", "shipped");
    assert_int_equal(config_files_read(folder, shipped, &f, &d), ERR_OK);
    static const char *const expected[] = {"cities/x/device-1.json", "devices/a.json",
                                           "devices/b.json",         "hub.json",
                                           "parameters.json",        "units.json"};
    assert_int_equal(f->count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(f->files[i].name, expected[i]);
    }
    assert_true(find(f, "devices/a.json")->shipped);
    assert_false(find(f, "devices/b.json")->shipped);
    assert_string_equal(find(f, "devices/b.json")->text, "mine");
    assert_true(find(f, "parameters.json")->shipped);
    assert_false(find(f, "units.json")->shipped);
    config_files_close(f);
    fixture_remove(folder);
    fixture_remove(shipped);
}

static void test_config_files_read_says_what_is_missing(void **state)
{
    (void)state;
    char folder[256];
    struct config_files *f = NULL;
    struct diag d = {0};
    fixture_folder(folder);
    assert_int_equal(config_files_read(folder, NULL, &f, &d), ERR_ABSENT);
    assert_string_equal(d.text, "there is no hub.json in this folder");
    assert_int_equal(config_files_read("/no/such/folder", NULL, &f, &d), ERR_ABSENT);
    assert_string_equal(d.text, "there is no such folder");
    assert_string_equal(d.source, "/no/such/folder");
    put(folder, "hub.json", "{}");
    assert_int_equal(config_files_read(folder, "/no/such/folder", &f, &d), ERR_OK);
    assert_int_equal(f->count, 1);
    config_files_close(f);
    fixture_remove(folder);
}

static void test_config_files_read_has_a_ceiling_a_file(void **state)
{
    (void)state;
    char folder[256], path[512];
    struct config_files *f = NULL;
    struct diag d = {0};
    size_t size = (4 << 20) + 1;
    char *big = malloc(size);
    assert_non_null(big);
    memset(big, ' ', size);
    fixture_folder(folder);
    snprintf(path, sizeof path, "%s/hub.json", folder);
    assert_int_equal(file_put(path, big, size, 0644), ERR_OK);
    assert_int_equal(config_files_read(folder, NULL, &f, &d), ERR_FULL);
    assert_string_equal(d.text, "the file is larger than 4 MiB");
    assert_string_equal(d.source, path);
    assert_int_equal(file_put(path, big, size - 1, 0644), ERR_OK);
    assert_int_equal(config_files_read(folder, NULL, &f, &d), ERR_OK);
    config_files_close(f);
    for (int i = 0; i < 16; i++) {
        snprintf(path, sizeof path, "%s/devices/%d.json", folder, i);
        assert_int_equal(file_put(path, big, size - 1, 0644), ERR_OK);
    }
    assert_int_equal(config_files_read(folder, NULL, &f, &d), ERR_FULL);
    assert_string_equal(d.text, "the files of the configuration are larger than 64 MiB");
    free(big);
    fixture_remove(folder);
}

/* A link to a folder above, a link to nothing, a pipe and a folder called like a file. */
static void test_config_files_read_stands_odd_entries(void **state)
{
    (void)state;
    char folder[256], path[512];
    struct config_files *f = NULL;
    struct diag d = {0};
    fixture_folder(folder);
    put(folder, "hub.json", "{}");
    put(folder, "cities/x.json", "{}");
    put(folder, "real/device-1.json", "{}");
    snprintf(path, sizeof path, "%s/cities/loop", folder);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/cities/x", folder);
    assert_int_equal(symlink("../real", path), 0);
    snprintf(path, sizeof path, "%s/cities/gone.json", folder);
    assert_int_equal(symlink("nothing", path), 0);
    snprintf(path, sizeof path, "%s/pipe.json", folder);
    assert_int_equal(mkfifo(path, 0644), 0);
    snprintf(path, sizeof path, "%s/cities/folder.json", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(config_files_read(folder, NULL, &f, &d), ERR_OK);
    static const char *const expected[] = {"cities/loop/hub.json", "cities/x.json",
                                           "cities/x/device-1.json", "hub.json"};
    assert_int_equal(f->count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(f->files[i].name, expected[i]);
    }
    config_files_close(f);
    fixture_remove(folder);
}

static void test_config_files_save_and_load_give_the_same(void **state)
{
    (void)state;
    char folder[256], path[512];
    struct config_files *f = NULL, *g = NULL;
    struct diag d = {0};
    struct config_faults faults = {0};
    struct configuration *a = NULL, *b = NULL;
    char why[161];
    struct stat s;
    fixture_folder(folder);
    snprintf(path, sizeof path, "%s/accepted.json", folder);
    assert_int_equal(config_files_read(SOUND, NULL, &f, &d), ERR_OK);
    assert_int_equal(config_files_save(f, path), ERR_OK);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(config_files_load(path, &g, &d), ERR_OK);
    assert_string_equal(f->folder, g->folder);
    assert_int_equal(f->count, g->count);
    for (size_t i = 0; i < f->count; i++) {
        assert_string_equal(f->files[i].name, g->files[i].name);
        assert_int_equal(f->files[i].size, g->files[i].size);
        assert_string_equal(f->files[i].text, g->files[i].text);
        assert_int_equal(f->files[i].shipped, g->files[i].shipped);
    }
    assert_int_equal(config_parse(f, NULL, &a, &faults), ERR_OK);
    assert_int_equal(config_parse(g, NULL, &b, &faults), ERR_OK);
    assert_true(config_only_adds(a, b, why) && config_only_adds(b, a, why));
    assert_string_equal(a->sources[0].password_file, b->sources[0].password_file);
    configuration_free(a);
    configuration_free(b);
    config_files_close(f);
    config_files_close(g);
    config_faults_fini(&faults);
    fixture_remove(folder);
}

static void assert_load(const char *folder, const char *text, enum err expected)
{
    char path[512];
    struct config_files *f = NULL;
    struct diag d = {0};
    put(folder, "bundle.json", text);
    snprintf(path, sizeof path, "%s/bundle.json", folder);
    assert_int_equal(config_files_load(path, &f, &d), expected);
    assert_null(f);
    assert_true(d.text[0] != '\0');
    assert_string_equal(d.source, path);
}

static void test_config_files_load_refuses_what_is_no_bundle(void **state)
{
    (void)state;
    char folder[256], path[512];
    struct config_files *f = NULL;
    struct diag d = {0};
    fixture_folder(folder);
    snprintf(path, sizeof path, "%s/none.json", folder);
    assert_int_equal(config_files_load(path, &f, &d), ERR_ABSENT);
    assert_load(folder, "", ERR_DAMAGED);
    assert_load(folder, "{\"kogge_configuration\": 1, \"folder\": \"/\", \"files\": [",
                ERR_DAMAGED);
    assert_load(folder, "[]", ERR_DAMAGED);
    assert_load(folder, "{\"kogge_configuration\": 1, \"files\": []}", ERR_DAMAGED);
    assert_load(folder,
                "{\"kogge_configuration\": 1, \"folder\": \"/\", \"files\": [{}]}",
                ERR_DAMAGED);
    assert_load(folder, "{\"kogge_configuration\": 2, \"folder\": \"/\", \"files\": []}",
                ERR_NEWER);
    fixture_remove(folder);
}

static void test_config_files_save_refuses_bytes_that_are_no_text(void **state)
{
    (void)state;
    char folder[256], path[512];
    struct config_file file = {.name = "hub.json", .text = "{\"a\":\"\xff\"}", .size = 9};
    struct config_files f = {.folder = "/", .files = &file, .count = 1};
    fixture_folder(folder);
    snprintf(path, sizeof path, "%s/accepted.json", folder);
    assert_int_equal(config_files_save(&f, path), ERR_SYNTAX);
    assert_false(file_exists(path));
    fixture_remove(folder);
}

/* --- memory: jansson does not always say that it was memory, so a fault is fine, too ---
 */

static long allocations_left;

static void *failing_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void test_config_parse_survives_each_failed_allocation(void **state)
{
    (void)state;
    struct config_files *f = NULL;
    struct diag d = {0};
    enum err e = ERR_MEMORY;
    long n = 0;
    assert_int_equal(config_files_read(SOUND, NULL, &f, &d), ERR_OK);
    for (; e != ERR_OK; n++) {
        struct config_faults faults = {0};
        struct configuration *c = NULL;
        allocations_left = n;
        json_set_alloc_funcs(failing_malloc, free);
        e = config_parse(f, NULL, &c, &faults);
        json_set_alloc_funcs(malloc, free);
        assert_true((c != NULL) == (e == ERR_OK));
        configuration_free(c);
        config_faults_fini(&faults);
    }
    assert_true(n > 500);
    config_files_close(f);
}

/* --- size --- */

enum { DEVICES = 2500 };

static void put_many(const char *folder)
{
    struct buf b;
    char name[64], text[1024];
    buf_init(&b, 1 << 20);
    buf_put_text(&b, "{\"city\": \"big\", \"title\": {\"de\": \"B\", \"en\": \"B\"}, "
                     "\"publisher\": {\"name\": \"B\"}, \"licence\": \"cc-zero\", "
                     "\"stations\": [");
    for (int i = 0; i < DEVICES; i++) {
        buf_put_format(&b,
                       "%s\n{\"station\": \"s%d\", \"title\": {\"de\": \"S\", \"en\": "
                       "\"S\"}, \"lat\": 53.5, \"lon\": 10.5}",
                       i > 0 ? "," : "", i);
        snprintf(name, sizeof name, "cities/big/device-%d.json", i);
        snprintf(
            text, sizeof text,
            "{ \"device\": \"%016x\",\n  \"model\": \"probe\",\n"
            "  \"at\": [ {\"station\": \"s%d\", \"from\": \"2026-03-01T00:00:00Z\", "
            "\"to\": null,\n \"mounting\": {\"height_m_nhn\": 4.127}, \"positions\": "
            "{\"main\": {\"depth_m\": 0.8}}, \"interval_s\": 600} ] }\n",
            (unsigned)i, i);
        put(folder, name, text);
    }
    buf_put_text(&b, "]}");
    put(folder, "cities/big.json", buf_text(&b));
    put(folder, "hub.json", "{}");
    buf_fini(&b);
}

static void test_config_parse_takes_2500_devices(void **state)
{
    (void)state;
    char folder[256];
    struct config_files *f = NULL;
    struct diag d = {0};
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    fixture_folder(folder);
    put_many(folder);
    int64_t start_us = clock_monotonic_us();
    assert_int_equal(config_files_read(folder, SOUND, &f, &d), ERR_OK);
    int64_t read_us = clock_monotonic_us();
    assert_int_equal(config_parse(f, NULL, &c, &faults), ERR_OK);
    int64_t end_us = clock_monotonic_us();
    printf("%d devices: read %.1f ms, parse %.1f ms\n", DEVICES,
           (double)(read_us - start_us) / 1000, (double)(end_us - read_us) / 1000);
    assert_int_equal(c->device_count, DEVICES);
    assert_int_equal(c->placement_count, DEVICES);
    assert_string_equal(configuration_device(c, "big", "00000000000009c3", NULL)
                            ->placements[0]
                            .station->station,
                        "s2499");
    configuration_free(c);
    config_files_close(f);
    config_faults_fini(&faults);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_files_read_lays_folder_over_shipped),
        cmocka_unit_test(test_config_files_read_says_what_is_missing),
        cmocka_unit_test(test_config_files_read_has_a_ceiling_a_file),
        cmocka_unit_test(test_config_files_read_stands_odd_entries),
        cmocka_unit_test(test_config_files_save_and_load_give_the_same),
        cmocka_unit_test(test_config_files_load_refuses_what_is_no_bundle),
        cmocka_unit_test(test_config_files_save_refuses_bytes_that_are_no_text),
        cmocka_unit_test(test_config_parse_survives_each_failed_allocation),
        cmocka_unit_test(test_config_parse_takes_2500_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
