/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/configuration.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

bool configuration_index(struct configuration *c)
{
    size_t size = 16;
    while (size < 2 * c->device_count + 1) {
        size *= 2;
    }
    c->device_table = arena_take_zero(c->memory, size, sizeof(struct device *));
    if (c->device_table == NULL) {
        return false;
    }
    c->device_table_size = size;
    for (size_t i = 0; i < c->device_count; i++) {
        size_t at = hash_text(HASH_TEXT_START, c->devices[i].device) & (size - 1);
        while (c->device_table[at] != NULL) {
            at = (at + 1) & (size - 1);
        }
        c->device_table[at] = &c->devices[i];
    }
    return true;
}

/* Every struct of these arrays begins with its name. */
static int compare_name(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

static const void *find_sorted(const char *name, const void *rows, size_t count,
                               size_t size)
{
    return count == 0 ? NULL : bsearch(name, rows, count, size, compare_name);
}

const struct parameter *configuration_parameter(const struct configuration *c,
                                                const char *id)
{
    return find_sorted(id, c->parameters, c->parameter_count, sizeof *c->parameters);
}

const struct sensor_model *configuration_model(const struct configuration *c,
                                               const char *name)
{
    return find_sorted(name, c->models, c->model_count, sizeof *c->models);
}

const struct city *configuration_city(const struct configuration *c, const char *id)
{
    return find_sorted(id, c->cities, c->city_count, sizeof *c->cities);
}

const struct source *configuration_source(const struct configuration *c, const char *name)
{
    for (size_t i = 0; i < c->source_count; i++) {
        if (strcmp(c->sources[i].source, name) == 0) {
            return &c->sources[i];
        }
    }
    return NULL;
}

const struct station *configuration_station(const struct configuration *c, const char *id)
{
    for (size_t i = 0; i < c->city_count; i++) {
        const struct city *city = &c->cities[i];
        const struct station *s =
            find_sorted(id, city->stations, city->station_count, sizeof *city->stations);
        if (s != NULL) {
            return s;
        }
    }
    return NULL;
}

const struct device *configuration_device(const struct configuration *c, const char *city,
                                          const char *id, const struct device **other)
{
    const struct device *elsewhere = NULL;
    size_t mask = c->device_table_size - 1;
    size_t at = hash_text(HASH_TEXT_START, id) & mask;
    for (; c->device_table[at] != NULL; at = (at + 1) & mask) {
        const struct device *d = c->device_table[at];
        if (strcmp(d->device, id) != 0) {
            continue;
        }
        if (city == NULL || strcmp(d->city->city, city) == 0) {
            return d;
        }
        elsewhere = d;
    }
    if (other != NULL) {
        *other = elsewhere;
    }
    return NULL;
}

void configuration_free(struct configuration *c)
{
    if (c != NULL) {
        arena_close(c->memory); /* c itself lies in it */
    }
}
