/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"
#include "config/read_check.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void parse_zeros(struct parse *p, const json_t *o, struct station *s)
{
    const json_t *list = read_list(o, "gauge_zero");
    struct gauge_zero *rows = take(p, json_array_size(list), sizeof *rows);
    size_t i, count = 0;
    json_t *item;
    size_t mark = place_enter(p, "gauge_zero");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        struct period period;
        if (rows != NULL && read_period(p, item, &period)) {
            rows[count++] =
                (struct gauge_zero){.period = period,
                                    .m_nhn = read_height_nhn(p, item, "m_nhn"),
                                    .epoch = read_number(item, "epoch", (double)NAN),
                                    .datum = read_text(p, item, "datum"),
                                    .source = read_text(p, item, "source"),
                                    .verified = read_boolean(item, "verified")};
        }
        place_leave(p, inner);
    }
    periods_sort(p, rows, count, sizeof *rows, "gauge zero");
    place_leave(p, mark);
    s->gauge_zero = rows;
    s->gauge_zero_count = count;
}

static void parse_levels(struct parse *p, const json_t *o, struct station *s)
{
    const json_t *list = read_list(o, "reference_level");
    struct reference_level *rows = take(p, json_array_size(list), sizeof *rows);
    size_t i, count = 0;
    json_t *item;
    size_t mark = place_enter(p, "reference_level");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        struct period period;
        if (rows != NULL && read_period(p, item, &period)) {
            bool nhn = text_equal(peek_text(item, "datum"), "NHN");
            rows[count++] = (struct reference_level){
                .period = period,
                .value_m = read_number(item, "value_m", (double)NAN),
                .datum = nhn ? REFERENCE_NHN : REFERENCE_GAUGE_ZERO,
                .source = read_text(p, item, "source")};
        }
        place_leave(p, inner);
    }
    periods_sort(p, rows, count, sizeof *rows, "reference level");
    place_leave(p, mark);
    s->reference_level = rows;
    s->reference_level_count = count;
}

static void parse_tests(struct parse *p, const json_t *o, struct station *s)
{
    const struct configuration *c = p->c;
    json_t *map = read_object(o, "tests");
    struct station_tests *rows = take(p, json_object_size(map), sizeof *rows);
    const char *key;
    json_t *item;
    size_t mark = place_enter(p, "tests");
    json_object_foreach(map, key, item)
    {
        const struct parameter *parameter = configuration_parameter(c, key);
        if (parameter == NULL && c->parameter_count > 0) {
            char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
            const char *const *names =
                names_of(p, c->parameters, c->parameter_count, sizeof *c->parameters);
            fault(p, key, "%s is no parameter of parameters.json%s",
                  shown_text(key, text), near_name(key, names, c->parameter_count, near));
        }
        size_t inner = place_enter(p, key);
        if (rows != NULL && parameter != NULL) {
            rows[s->tests_count++] = (struct station_tests){.parameter = parameter,
                                                            .tests = read_tests(p, item)};
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    s->tests = rows;
}

static void check_station(struct parse *p, const json_t *o, const struct station *s)
{
    char text[SHOWN_SIZE];
    bool demo = strncmp(s->station, "demo-", 5) == 0;
    if (demo && !s->demonstration) {
        fault(p, "station",
              "%s begins with demo-, so it must say \"demonstration\": true",
              shown_text(s->station, text));
    } else if (!demo && s->demonstration) {
        fault(p, "station", "the id of a demonstration station begins with demo-: %s",
              shown_text(s->station, text));
    }
    bool lat = json_object_get(o, "lat") != NULL;
    if (lat != (json_object_get(o, "lon") != NULL)) {
        fault(p, lat ? "lat" : "lon", "\"lat\" and \"lon\" come together or not at all");
    }
}

static void parse_station(struct parse *p, const json_t *o, struct station *s)
{
    *s = (struct station){
        .station = read_text(p, o, "station"),
        .lat = read_number(o, "lat", (double)NAN),
        .lon = read_number(o, "lon", (double)NAN),
        .water = read_text(p, o, "water"),
        .water_type = read_text(p, o, "water_type"),
        .demonstration = read_boolean(o, "demonstration"),
        .density_kg_m3 = read_number(o, "density_kg_m3", (double)NAN),
    };
    read_bilingual(p, o, "title", &s->title_de, &s->title_en);
    parse_zeros(p, o, s);
    parse_levels(p, o, s);
    parse_tests(p, o, s);
    check_station(p, o, s);
}

static int compare_station(const void *a, const void *b)
{
    return strcmp(((const struct station *)a)->station,
                  ((const struct station *)b)->station);
}

/* Keeps where a station was written, for the check that ids are unique over all. */
static void note_station(struct parse *p, const char *id, size_t index)
{
    if (p->station_count == p->station_size) {
        size_t size = p->station_size == 0 ? 256 : p->station_size * 2;
        struct origin *rows = take_scratch(p, size, sizeof *rows);
        if (rows == NULL) {
            return;
        }
        if (p->station_count > 0) {
            memcpy(rows, p->stations, p->station_count * sizeof *rows);
        }
        p->stations = rows;
        p->station_size = size;
    }
    p->stations[p->station_count++] =
        (struct origin){.name = id, .file = p->file, .index = index};
}

static void parse_stations(struct parse *p, const json_t *root, struct city *city)
{
    const json_t *list = read_list(root, "stations");
    struct station *rows = take(p, json_array_size(list), sizeof *rows);
    size_t i;
    json_t *item;
    size_t mark = place_enter(p, "stations");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        if (rows != NULL && peek_text(item, "station") != NULL) {
            parse_station(p, item, &rows[city->station_count]);
            note_station(p, rows[city->station_count++].station, i);
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    if (rows != NULL) {
        qsort(rows, city->station_count, sizeof *rows, compare_station);
    }
    city->stations = rows;
}

void parse_city(struct parse *p, json_t *root)
{
    char stem[256], text[SHOWN_SIZE];
    struct city city = {.city = read_text(p, root, "city")};
    file_stem(p, stem);
    if (city.city != NULL && strcmp(city.city, stem) != 0) {
        fault(p, "city", "%s does not fit the name of its file, cities/<city>.json",
              shown_text(city.city, text));
    }
    city.city = keep_text(p, stem);
    const json_t *publisher = json_object_get(root, "publisher");
    const json_t *contact = json_object_get(root, "contact");
    read_bilingual(p, root, "title", &city.title_de, &city.title_en);
    city.key = read_text(p, root, "key");
    city.state = read_text(p, root, "state");
    city.publisher = read_text(p, publisher, "name");
    city.publisher_url = read_text(p, publisher, "url");
    city.contact_name = read_text(p, contact, "name");
    city.contact_email = read_text(p, contact, "email");
    city.licence = read_text(p, root, "licence");
    parse_stations(p, root, &city);
    struct city *rows = rows_of(p->c->cities);
    rows[p->c->city_count++] = city;
}

static int compare_city(const void *a, const void *b)
{
    return strcmp(((const struct city *)a)->city, ((const struct city *)b)->city);
}

static int compare_origin(const void *a, const void *b)
{
    const struct origin *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    if (order == 0 && left->file != right->file) {
        order = left->file < right->file ? -1 : 1;
    }
    return order != 0 ? order
                      : (left->index > right->index) - (left->index < right->index);
}

static void refuse_double_stations(struct parse *p)
{
    if (p->station_count > 1) {
        qsort(p->stations, p->station_count, sizeof *p->stations, compare_origin);
    }
    for (size_t i = 1; i < p->station_count; i++) {
        const struct origin *o = &p->stations[i];
        if (strcmp(o->name, o[-1].name) == 0) {
            char text[SHOWN_SIZE];
            place_file(p, o->file);
            place_enter(p, "stations");
            place_enter_item(p, o->index);
            fault(p, "station", "%s is a station of %s already; ids are unique over all",
                  shown_text(o->name, text), o[-1].file->name);
        }
    }
}

void settle_cities(struct parse *p)
{
    struct city *rows = rows_of(p->c->cities);
    qsort(rows, p->c->city_count, sizeof *rows, compare_city);
    for (size_t i = 0; i < p->c->city_count; i++) {
        rows[i].index = i;
        struct station *stations = rows_of(rows[i].stations);
        for (size_t j = 0; j < rows[i].station_count; j++) {
            stations[j].city = &rows[i];
        }
    }
    refuse_double_stations(p);
}
