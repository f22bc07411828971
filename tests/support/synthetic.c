/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/synthetic.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t synthetic_time(const char *text)
{
    int64_t time_us = 0;
    if (clock_parse_rfc3339(text, &time_us) != ERR_OK) {
        fprintf(stderr, "%s is not a time\n", text);
        abort();
    }
    return time_us;
}

static void fill_places(struct synthetic_conf *s)
{
    s->parameters[0] = (struct parameter){
        .id = "battery_voltage", .unit = "V", .kind = PARAMETER_HOUSEKEEPING};
    s->parameters[1] = (struct parameter){.id = "water_level",
                                          .title_de = "Wasserstand",
                                          .title_en = "Water level",
                                          .unit = "m",
                                          .decimals = 3};
    s->parameters[2] = (struct parameter){.id = "water_temperature",
                                          .title_de = "Wassertemperatur",
                                          .title_en = "Water temperature",
                                          .unit = "degC",
                                          .decimals = 2};
    s->cities[0] = (struct city){.city = "luebeck",
                                 .title_de = "Lübeck",
                                 .title_en = "Lübeck",
                                 .key = "010030000000",
                                 .publisher = "Hansestadt Lübeck",
                                 .publisher_url = "https://luebeck.example",
                                 .contact_name = "Wasserdaten",
                                 .contact_email = "wasser@luebeck.example",
                                 .licence = "dl-zero-de/2.0",
                                 .stations = &s->stations[0],
                                 .station_count = 1};
    s->cities[1] = (struct city){.city = "wismar",
                                 .title_de = "Wismar",
                                 .title_en = "Wismar",
                                 .key = "130740087087",
                                 .publisher = "Hansestadt Wismar",
                                 .contact_name = "Hafen",
                                 .contact_email = "hafen@wismar.example",
                                 .licence = "dl-zero-de/2.0",
                                 .stations = &s->stations[1],
                                 .station_count = 2,
                                 .index = 1};
    s->stations[0] = (struct station){
        .station = "luebeck-bauhof", .city = &s->cities[0], .lat = 53.893, .lon = 10.703};
    s->stations[1] = (struct station){.station = "demo-wismar",
                                      .city = &s->cities[1],
                                      .lat = (double)NAN,
                                      .lon = (double)NAN,
                                      .demonstration = true};
    s->stations[2] = (struct station){.station = "wismar-baumhaus",
                                      .city = &s->cities[1],
                                      .lat = 53.904,
                                      .lon = 11.458};
}

static void fill_device(struct synthetic_conf *s)
{
    s->model.model = "acme-ctd5";
    s->positions[0] = (struct placed_position){"main", "main", 0.8};
    s->positions[1] = (struct placed_position){"main", "main", 1.25};
    for (size_t i = 0; i < 2; i++) {
        s->placements[i] = (struct placement){.device = &s->device,
                                              .station = &s->stations[0],
                                              .height_m_nhn = (double)NAN,
                                              .height_m_gauge = (double)NAN,
                                              .positions = &s->positions[i],
                                              .position_count = 1,
                                              .interval_s = 600,
                                              .index = i};
    }
    int64_t moved_us = synthetic_time("2026-10-10T12:00:00Z");
    s->placements[0].period = (struct period){INT64_MIN, moved_us};
    s->placements[1].period = (struct period){moved_us, INT64_MAX};
    s->device = (struct device){.device = "10e2073a01080001",
                                .city = &s->cities[0],
                                .model = &s->model,
                                .placements = s->placements,
                                .placement_count = 2};
}

void synthetic_conf_init(struct synthetic_conf *s, const char *data_folder)
{
    static const char *const tags[] = {"Wasserstand", "Pegel"};
    memset(s, 0, sizeof *s);
    fill_places(s);
    fill_device(s);
    s->used_parameters[0] = &s->parameters[1];
    s->used_parameters[1] = &s->parameters[2];
    s->used_cities[0] = &s->cities[0];
    s->used_cities[1] = &s->cities[1];
    s->used_targets[0] = "portal";
    s->datasets[0] = (struct dataset){.dataset = "water",
                                      .title_de = "Wasserdaten der Hansestädte",
                                      .title_en = "Water data of the Hanseatic cities",
                                      .notes_de = "Messwerte am Wasser.",
                                      .notes_en = "Readings at the water.",
                                      .parameters = s->used_parameters,
                                      .parameter_count = 2,
                                      .cities = s->used_cities,
                                      .city_count = 2,
                                      .licence = "dl-zero-de/2.0",
                                      .frequency = "10MIN",
                                      .tags = tags,
                                      .tag_count = 2,
                                      .targets = s->used_targets,
                                      .target_count = 1};
    s->datasets[1] = s->datasets[0];
    s->datasets[1].dataset = "other";
    s->targets[0] = (struct target){.target = "portal",
                                    .kind = "ckan",
                                    .url = "http://127.0.0.1:9",
                                    .organisation = "hanse",
                                    .organisation_title = "Hansestädte",
                                    .format_csv = "CSV",
                                    .max_file_mb = 10};
    s->targets[1] = s->targets[0];
    s->targets[1].target = "second";
    s->c = (struct configuration){.folder = data_folder,
                                  .data = data_folder,
                                  .publish_every_s = 300,
                                  .parameters = s->parameters,
                                  .parameter_count = 3,
                                  .models = &s->model,
                                  .model_count = 1,
                                  .cities = s->cities,
                                  .city_count = 2,
                                  .devices = &s->device,
                                  .device_count = 1,
                                  .placement_count = 2,
                                  .datasets = s->datasets,
                                  .dataset_count = 1,
                                  .targets = s->targets,
                                  .target_count = 1};
}

void synthetic_init(struct synthetic *s)
{
    memset(s, 0, sizeof *s);
    s->epoch_number = 1;
    s->test_names[0] = "spike_test";
    s->test_names[1] = "gross_range_test";
}

void synthetic_fini(struct synthetic *s)
{
    free(s->rows);
    s->rows = NULL;
}

static int compare_rows(const void *a, const void *b)
{
    const struct observation_row *x = a;
    const struct observation_row *y = b;
    int order = strcmp(x->key.station, y->key.station);
    order = order != 0 ? order : strcmp(x->key.parameter, y->key.parameter);
    return order != 0 ? order : (x->time_us > y->time_us) - (x->time_us < y->time_us);
}

static void log_change(struct synthetic *s, const struct series_key *key, int64_t from_us,
                       int64_t to_us)
{
    int64_t number = (int64_t)s->change_count + 1;
    s->changes[s->change_count++ % 256] = (struct store_change){
        .number = number, .key = *key, .from_us = from_us, .to_us = to_us};
}

static int32_t series_number(const struct synthetic *s, const struct series_key *key)
{
    int32_t highest = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct observation_row *row = &s->rows[i];
        if (strcmp(row->key.station, key->station) == 0 &&
            strcmp(row->key.parameter, key->parameter) == 0) {
            return row->series;
        }
        highest = row->series > highest ? row->series : highest;
    }
    return highest + 1;
}

static void remove_rows(struct synthetic *s, const struct series_key *key,
                        int64_t from_us, int64_t to_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct observation_row *row = &s->rows[i];
        bool gone =
            row->time_us >= from_us && row->time_us < to_us &&
            strcmp(row->key.station, key->station) == 0 &&
            (key->parameter == NULL || strcmp(row->key.parameter, key->parameter) == 0);
        if (!gone) {
            s->rows[kept++] = s->rows[i];
        }
    }
    s->count = kept;
}

void synthetic_put(struct synthetic *s, const struct synthetic_run *r)
{
    struct series_key key = {.city = r->city,
                             .station = r->station,
                             .parameter = r->parameter,
                             .position = "main",
                             .origin = "measured"};
    int64_t end_us = r->from_us + (int64_t)r->count * r->step_us;
    int32_t series = series_number(s, &key);
    remove_rows(s, &key, r->from_us, end_us);
    if (s->count + r->count > s->size) {
        s->size = 2 * (s->count + r->count);
        s->rows = realloc(s->rows, s->size * sizeof *s->rows);
        if (s->rows == NULL) {
            abort();
        }
    }
    quality_tests tests = quality_tests_new(TIME_SOURCE_READING);
    tests = quality_tests_set(tests, 1, QUALITY_GOOD);
    for (size_t i = 0; i < r->count; i++) {
        double value = r->first + (double)i * r->slope;
        s->rows[s->count++] = (struct observation_row){
            .key = key,
            .series = series,
            .time_us = r->from_us + (int64_t)i * r->step_us,
            .value = value,
            .unit = strcmp(r->parameter, "water_level") == 0 ? "m" : "degC",
            .raw = value,
            .raw_unit = strcmp(r->parameter, "water_level") == 0 ? "m" : "°C",
            .tests = tests,
            .message = 1};
    }
    s->sorted = false;
    log_change(s, &key, r->from_us, end_us - r->step_us);
}

void synthetic_remove(struct synthetic *s, const char *station, int64_t from_us,
                      int64_t to_us)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->rows[i].key.station, station) == 0) {
            struct series_key key = s->rows[i].key;
            key.parameter = NULL;
            struct series_key logged = s->rows[i].key;
            remove_rows(s, &key, from_us, to_us);
            log_change(s, &logged, from_us, to_us - 1);
            return;
        }
    }
}

static bool listed(const char *name, const char *const *names, size_t count)
{
    bool found = count == 0;
    for (size_t i = 0; i < count && !found; i++) {
        found = strcmp(name, names[i]) == 0;
    }
    return found;
}

static bool asked_for(const struct store_query *q, const struct observation_row *row)
{
    return row->time_us >= q->from_us && row->time_us < q->to_us &&
           listed(row->key.city, q->cities, q->city_count) &&
           listed(row->key.parameter, q->parameters, q->parameter_count) &&
           (q->station == NULL || strcmp(row->key.station, q->station) == 0);
}

static int next_row(void *self, struct observation_row *row)
{
    struct synthetic *s = self;
    for (size_t given = 0; s->next < s->count; s->next++, given++) {
        if (s->fail_after != 0 && s->next >= s->fail_after) {
            return -1;
        }
        if (asked_for(&s->query, &s->rows[s->next])) {
            *row = s->rows[s->next++];
            return 1;
        }
    }
    return 0;
}

static enum err rows_open(void *self, const struct store_query *q, struct row_source *out,
                          struct diag *d)
{
    struct synthetic *s = self;
    (void)d;
    if (!s->sorted && s->count > 0) {
        qsort(s->rows, s->count, sizeof *s->rows, compare_rows);
        s->sorted = true;
    }
    s->query = *q;
    s->next = 0;
    s->queries++;
    *out = (struct row_source){.next = next_row, .self = s};
    return ERR_OK;
}

static void rows_close(void *self)
{
    struct synthetic *s = self;
    s->next = 0;
}

static enum err extent(void *self, const struct store_query *q, int64_t *first_us,
                       int64_t *last_us)
{
    const struct synthetic *s = self;
    *first_us = *last_us = CLOCK_NONE;
    for (size_t i = 0; i < s->count; i++) {
        int64_t time_us = s->rows[i].time_us;
        if (!asked_for(q, &s->rows[i])) {
            continue;
        }
        if (*first_us == CLOCK_NONE || time_us < *first_us) {
            *first_us = time_us;
        }
        *last_us = time_us > *last_us ? time_us : *last_us;
    }
    return ERR_OK;
}

static enum err changes(void *self, int64_t since, void *arg,
                        void (*row)(void *arg, const struct store_change *c),
                        int64_t *last)
{
    const struct synthetic *s = self;
    if (since < s->fold) {
        return ERR_ABSENT;
    }
    for (size_t i = 0; i < s->change_count; i++) {
        if (s->changes[i].number > since) {
            row(arg, &s->changes[i]);
        }
    }
    *last = (int64_t)s->change_count;
    return ERR_OK;
}

static enum err last_change(void *self, int64_t *number)
{
    const struct synthetic *s = self;
    *number = (int64_t)s->change_count;
    return ERR_OK;
}

static enum err epoch(void *self, int64_t *number)
{
    const struct synthetic *s = self;
    *number = s->epoch_number;
    return ERR_OK;
}

static const char *const *test_names(void *self)
{
    const struct synthetic *s = self;
    return s->test_names;
}

static enum err view_begin(void *self)
{
    (void)self;
    return ERR_OK;
}

static void view_end(void *self)
{
    (void)self;
}

struct publish_source synthetic_source(struct synthetic *s)
{
    return (struct publish_source){.self = s,
                                   .view_begin = view_begin,
                                   .view_end = view_end,
                                   .rows_open = rows_open,
                                   .rows_close = rows_close,
                                   .extent = extent,
                                   .changes = changes,
                                   .last_change = last_change,
                                   .epoch = epoch,
                                   .test_names = test_names};
}
