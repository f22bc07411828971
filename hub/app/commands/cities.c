/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"
#include "app/report.h"
#include "app/table.h"

static void put_city(const struct configuration *c, const struct city *city,
                     struct table *t, json_t *json)
{
    size_t devices = 0;
    for (size_t n = 0; n < c->device_count; n++) {
        devices += c->devices[n].city == city;
    }
    if (json != NULL) {
        json_array_append_new(json, json_pack("{s:s, s:s, s:I, s:I}", "city", city->city,
                                              "title", city->title_en, "stations",
                                              (json_int_t)city->station_count, "devices",
                                              (json_int_t)devices));
        return;
    }
    table_put(t, "%s", city->city);
    table_put(t, "%s", city->title_en);
    table_put(t, "%zu", city->station_count);
    table_put(t, "%zu", devices);
}

/* List of the accepted configuration. */
static int list_cities(struct invocation *i)
{
    static const char *const headings[] = {"CITY", "TITLE", ">STATIONS", ">DEVICES",
                                           NULL};
    char data[PATH_LENGTH];
    struct diag d = {0};
    struct configuration *c = NULL;
    enum err e = context_data_folder(i, data, &d);
    e = e != ERR_OK ? e : context_accepted(data, &c, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, context_exit_code(e), &d);
    }
    struct table *t = table_open(headings);
    json_t *json = i->json ? json_array() : NULL;
    for (size_t k = 0; t != NULL && k < c->city_count; k++) {
        put_city(c, &c->cities[k], t, json);
    }
    if (json != NULL) {
        report_json("cities", json);
    } else if (t != NULL) {
        table_print(t, stdout);
    }
    table_close(t);
    configuration_free(c);
    return EXIT_DONE;
}

static int new_city(struct invocation *i)
{
    char path[PATH_LENGTH];
    struct diag d = {0};
    const struct new_city n = {
        .city = i->arguments[0],
        .title_de = invocation_value(i, "--title-de"),
        .title_en = invocation_value(i, "--title-en"),
        .key = invocation_value(i, "--key"),
        .publisher = invocation_value(i, "--publisher"),
        .publisher_url = invocation_value(i, "--publisher-url"),
        .contact_name = invocation_value(i, "--contact-name"),
        .contact_email = invocation_value(i, "--contact-email"),
        .licence = invocation_value(i, "--licence"),
    };
    enum err e = config_new_city(context_config_folder(i), &n, path, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, e == ERR_ABSENT ? EXIT_USAGE : EXIT_CONFIG, &d);
    }
    printf("%s\n", path);
    command_say(i, "add its stations to that file, then kogge check and kogge reload");
    return ask_reload(i, NULL);
}

static const struct verb verbs[] = {
    {
        .name = "list",
        .arguments = "",
        .summary = "List the cities of the accepted configuration",
        .examples = {"kogge cities", "kogge cities --json"},
        .json = true,
        .run = list_cities,
    },
    {
        .name = "new",
        .arguments = "CITY",
        .summary = "Write the file of a new city, or say what is missing",
        .examples = {"kogge cities new greifswald --title-de Greifswald --title-en "
                     "Greifswald --key 130750039039 --publisher 'Universitäts- und "
                     "Hansestadt Greifswald' --contact-name Stadtbauamt --contact-email "
                     "wasser@example.org --licence dl-by-de/2.0"},
        .options = {{"--title-de", "TEXT", "name in German"},
                    {"--title-en", "TEXT", "name in English"},
                    {"--key", "ARS", "regional key, 12 digits"},
                    {"--publisher", "TEXT", "who publishes the data"},
                    {"--publisher-url", "URL", "its address"},
                    {"--contact-name", "TEXT", "whom to ask"},
                    {"--contact-email", "ADDRESS", "and where"},
                    {"--licence", "NAME",
                     "dl-by-de/2.0, dl-zero-de/2.0, cc-by/4.0, "
                     "cc-zero"}},
        .least = 1,
        .most = 1,
        .run = new_city,
    },
};

const struct command command_cities = {"cities", verbs, 2};
