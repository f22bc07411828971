/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct sensor_model *find_model(struct parse *p, const json_t *root)
{
    const char *name = peek_text(root, "model");
    const struct configuration *c = p->c;
    const struct sensor_model *m = name != NULL ? configuration_model(c, name) : NULL;
    if (name != NULL && m == NULL && find_file(p, "devices/%s.json", name) == NULL) {
        char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
        const char *const *names =
            names_of(p, c->models, c->model_count, sizeof *c->models);
        fault(p, "model", "there is no sensor model %s (devices/<model>.json)%s",
              shown_text(name, text), near_name(name, names, c->model_count, near));
    }
    return m;
}

static int compare_station(const void *name, const void *station)
{
    return strcmp(name, ((const struct station *)station)->station);
}

const struct station *station_named(struct parse *p, const json_t *o,
                                    const struct city *city)
{
    const char *name = peek_text(o, "station");
    const struct station *found = name != NULL && city->station_count > 0
                                      ? bsearch(name, city->stations, city->station_count,
                                                sizeof *found, compare_station)
                                      : NULL;
    if (found != NULL) {
        return found;
    }
    if (name != NULL) {
        const struct station *other = configuration_station(p->c, name);
        char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
        const char *const *names =
            names_of(p, city->stations, city->station_count, sizeof *city->stations);
        near_name(name, names, city->station_count, near);
        if (other != NULL) {
            fault(p, "station", "%s is a station of %s, not of %s",
                  shown_text(name, text), other->city->city, city->city);
        } else {
            fault(p, "station", "%s is no station of %s%s", shown_text(name, text),
                  city->city, near);
        }
    }
    return NULL;
}

static bool has_position(const struct sensor_model *m, const char *position)
{
    for (size_t i = 0; i < m->field_count; i++) {
        if (strcmp(m->fields[i].position, position) == 0) {
            return true;
        }
    }
    return false;
}

static void refuse_position(struct parse *p, const struct sensor_model *m,
                            const char *key)
{
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    const char **names = take_scratch(p, m->field_count, sizeof *names);
    for (size_t i = 0; names != NULL && i < m->field_count; i++) {
        names[i] = m->fields[i].position;
    }
    fault(p, key, "%s is no position of the model %.60s%s", shown_text(key, text),
          m->model, near_name(key, (const char *const *)names, m->field_count, near));
}

/* Two positions of the model under one name; said of the first of them only. */
static void check_renamed(struct parse *p, const struct sensor_model *m,
                          const struct placement *at, const struct placed_position *new)
{
    for (size_t i = 0; i < m->field_count; i++) {
        const char *other = m->fields[i].position, *as = other;
        const struct placed_position *rename = at->positions + at->position_count;
        for (size_t j = 0; j < at->position_count; j++) {
            if (strcmp(at->positions[j].position, other) == 0) {
                rename = &at->positions[j];
                as = rename->as;
            }
        }
        if (new < rename && strcmp(other, new->position) != 0 &&
            strcmp(as, new->as) == 0) {
            char text[SHOWN_SIZE], two[SHOWN_SIZE];
            fault(p, new->position, "%s would have the same name as %s",
                  shown_text(new->position, text), shown_text(other, two));
            return;
        }
    }
}

static void parse_positions(struct parse *p, const json_t *o,
                            const struct sensor_model *m, struct placement *at)
{
    json_t *map = read_object(o, "positions");
    struct placed_position *rows = take(p, json_object_size(map), sizeof *rows);
    const char *key;
    json_t *item;
    at->positions = rows;
    if (map == NULL || rows == NULL) {
        return;
    }
    size_t mark = place_enter(p, "positions");
    json_object_foreach(map, key, item)
    {
        const char *position = keep_text(p, key);
        const char *as = read_text(p, item, "as");
        rows[at->position_count++] = (struct placed_position){
            .position = position,
            .as = as != NULL ? as : position,
            .depth_m = read_number(item, "depth_m", (double)NAN)};
        if (m != NULL && !has_position(m, key)) {
            refuse_position(p, m, key);
        }
        if (strcmp(as != NULL ? as : position, "device") == 0) {
            fault(p, key, "\"device\" is kept for housekeeping; take another name");
        }
    }
    for (size_t i = 0; m != NULL && i < at->position_count; i++) {
        check_renamed(p, m, at, &rows[i]);
    }
    place_leave(p, mark);
}

static void check_pressure(struct parse *p, const json_t *o, const struct sensor_model *m)
{
    bool stated = json_object_get(o, "pressure") != NULL;
    for (size_t i = 0; m != NULL && !stated && i < m->field_count; i++) {
        const struct sensor_field *f = &m->fields[i];
        if (f->quantity == QUANTITY_PRESSURE && f->reference == PRESSURE_UNSTATED) {
            fault(
                p, NULL,
                "\"pressure\" is missing: the model %.40s does not say \"reference\", so "
                "say vented or absolute here",
                m->model);
            return;
        }
    }
}

static void parse_settings(struct parse *p, const json_t *o, struct sensor_settings *out)
{
    const json_t *settings = read_object(o, "settings");
    const char *law = peek_text(settings, "ec25_law");
    *out = (struct sensor_settings){
        .salinity = read_number(settings, "salinity", (double)NAN),
        .ec25_law = text_equal(law, "linear")    ? EC25_LINEAR
                    : text_equal(law, "iso7888") ? EC25_ISO7888
                    : text_equal(law, "pss78")   ? EC25_PSS78
                                                 : EC25_UNSTATED,
        .ec25_percent_per_k = read_number(settings, "ec25_percent_per_k", (double)NAN)};
    if (isnan(out->ec25_percent_per_k) == (out->ec25_law == EC25_LINEAR)) {
        size_t mark = place_enter(p, "settings");
        fault(p, NULL,
              "\"ec25_percent_per_k\" belongs to the ec25_law linear, and that needs "
              "it");
        place_leave(p, mark);
    }
}

static void parse_placement(struct parse *p, const json_t *o, struct device *d,
                            struct placement *at)
{
    const json_t *mounting = json_object_get(o, "mounting");
    const char *pressure = peek_text(o, "pressure");
    size_t mark = place_enter(p, "mounting");
    at->height_m_nhn = read_height_nhn(p, mounting, "height_m_nhn");
    place_leave(p, mark);
    at->height_m_gauge = read_number(mounting, "height_m_gauge", (double)NAN);
    at->pressure = text_equal(pressure, "vented")     ? PRESSURE_VENTED
                   : text_equal(pressure, "absolute") ? PRESSURE_ABSOLUTE
                                                      : PRESSURE_UNSTATED;
    parse_settings(p, o, &at->settings);
    at->interval_s = read_number(o, "interval_s", (double)NAN);
    at->station = d->city != NULL ? station_named(p, o, d->city) : NULL;
    parse_positions(p, o, d->model, at);
    check_pressure(p, o, d->model);
}

static void parse_placements(struct parse *p, const json_t *root, struct device *d)
{
    const json_t *list = read_list(root, "at");
    struct placement *rows = take(p, json_array_size(list), sizeof *rows);
    size_t i;
    json_t *item;
    size_t mark = place_enter(p, "at");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        struct placement at = {0};
        bool sound = read_period(p, item, &at.period);
        parse_placement(p, item, d, &at);
        if (rows != NULL && sound) {
            rows[d->placement_count++] = at;
        }
        place_leave(p, inner);
    }
    if (rows != NULL) {
        periods_sort(p, rows, d->placement_count, sizeof *rows, "placement");
    }
    place_leave(p, mark);
    d->placements = rows;
}

/* The city is the folder's name. */
const struct city *city_of_folder(struct parse *p)
{
    char name[256];
    const char *start = p->file->name + strlen("cities/");
    size_t length = strcspn(start, "/");
    text_copy(name, length + 1 < sizeof name ? length + 1 : sizeof name, start);
    const struct city *city = configuration_city(p->c, name);
    if (city == NULL && find_file(p, "cities/%s.json", name) == NULL) {
        char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
        const char *const *names =
            names_of(p, p->c->cities, p->c->city_count, sizeof *p->c->cities);
        fault(p, NULL, "the folder cities/%.40s has no file cities/%.40s.json%s", name,
              name, near_name(shown_text(name, text), names, p->c->city_count, near));
    }
    return city;
}

/* A DevEUI is 16 hexadecimal digits, and formats give it in lower case. */
static void check_eui(struct parse *p, const char *id)
{
    if (strlen(id) == 16 && strspn(id, "0123456789abcdefABCDEF") == 16 &&
        strpbrk(id, "ABCDEF") != NULL) {
        finding(p, "device",
                "messages give a DevEUI in lower case, so \"%s\" will never match", id);
    }
}

void parse_device(struct parse *p, json_t *root)
{
    struct device d = {.device = read_text(p, root, "device"),
                       .city = city_of_folder(p),
                       .model = find_model(p, root),
                       .serial = read_text(p, root, "serial")};
    parse_placements(p, root, &d);
    if (d.device != NULL) {
        check_eui(p, d.device);
        p->drafts[p->c->device_count++] = (struct device_draft){d, p->file};
    }
}
