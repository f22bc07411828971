/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"
#include "decode/value.h"

#include <stdlib.h>
#include <string.h>

/* Readings of one device at one time stand together after sorting; among them the entries
 * that are present are compared, not the readings, so that a long message costs
 * readings times entries at most. */

static int compare_readings(const void *a, const void *b)
{
    const struct reading *x = *(struct reading *const *)a;
    const struct reading *y = *(struct reading *const *)b;
    int device = strcmp(x->device, y->device);
    if (device != 0) {
        return device;
    }
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    return x->index - y->index;
}

struct present {
    const struct sensor_field *entry;
    bool usable; /* some reading of it is a number */
};

/* What becomes a level, by whatever way, is one series. */
static bool is_level(const struct sensor_field *f)
{
    return f->quantity != QUANTITY_NONE ||
           (f->parameter != NULL && (strcmp(f->parameter->id, "water_level") == 0 ||
                                     strcmp(f->parameter->id, "gauge_level") == 0));
}

static bool same_series(const struct sensor_field *a, const struct sensor_field *b)
{
    bool same = is_level(a) ? is_level(b) : a->parameter == b->parameter;
    return same && text_equal(a->position, b->position) &&
           text_equal(a->origin, b->origin);
}

/* A number goes before what is missing or unreadable, then the lower rank. */
static bool beats(const struct present *a, const struct present *b)
{
    if (a->entry->rank == b->entry->rank || !same_series(a->entry, b->entry)) {
        return false;
    }
    return a->usable != b->usable ? a->usable : a->entry->rank < b->entry->rank;
}

static size_t find_present(const struct present *all, size_t count,
                           const struct sensor_field *entry)
{
    size_t i = 0;
    while (i < count && all[i].entry != entry) {
        i++;
    }
    return i;
}

static bool is_beaten(const struct present *all, size_t count, size_t which)
{
    for (size_t i = 0; i < count; i++) {
        if (beats(&all[i], &all[which])) {
            return true;
        }
    }
    return false;
}

/* room holds count entries. */
static void apply_to_group(struct reading **group, size_t count, struct present *room)
{
    size_t entries = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = find_present(room, entries, group[i]->entry);
        if (at == entries) {
            room[entries++] = (struct present){group[i]->entry, false};
        }
        room[at].usable = room[at].usable ||
                          (group[i]->kind == VALUE_NUMBER && group[i]->problem == NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_beaten(room, entries, find_present(room, entries, group[i]->entry))) {
            group[i]->ignored = true;
            group[i]->problem = NULL;
        }
    }
}

static bool same_group(const struct reading *a, const struct reading *b)
{
    return a->time_us == b->time_us && strcmp(a->device, b->device) == 0;
}

/* The readings that a rank may strike out, by device and time. */
static size_t sort_candidates(struct decode_work *w, struct reading **to)
{
    size_t count = 0;
    for (size_t i = 0; i < w->out.count; i++) {
        struct reading *r = &w->out.readings[i];
        if (r->entry != NULL && !r->ignored) {
            to[count++] = r;
        }
    }
    qsort(to, count, sizeof(struct reading *), compare_readings);
    return count;
}

enum err decode_apply_ranks(struct decode_work *w)
{
    if (!w->ranked) {
        return ERR_OK;
    }
    enum err err = ERR_MEMORY;
    struct present *room = NULL;
    struct reading **sorted = calloc(w->out.count, sizeof(struct reading *));
    if (sorted == NULL) {
        goto out;
    }
    room = calloc(w->out.count, sizeof *room);
    if (room == NULL) {
        goto out;
    }
    size_t count = sort_candidates(w, sorted);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_group(sorted[i], sorted[end]);) {
            end++;
        }
        apply_to_group(sorted + i, end - i, room);
    }
    err = ERR_OK;
out:
    free(sorted);
    free(room);
    return err;
}
