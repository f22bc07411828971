/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/ingest.h"

#include "ingest/address.h"
#include "ingest/mqtt.h"
#include "ingest/pulse.h"
#include "ingest/source_copy.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ingest {
    struct mqtt_place place;
    pthread_mutex_t mutex; /* guards the list against ingest_status */
    struct mqtt **list;
    size_t count;
};

static pthread_once_t setup_once = PTHREAD_ONCE_INIT;

enum err ingest_open(struct inbox *inbox, struct ingest **out, struct diag *d)
{
    struct ingest *i = calloc(1, sizeof *i);
    if (i == NULL) {
        diag_set(d, "no memory for the connections to brokers");
        return ERR_MEMORY;
    }
    pthread_once(&setup_once, mqtt_setup);
    pthread_mutex_init(&i->mutex, NULL);
    i->place.inbox = inbox;
    enum err e = pulse_open(&i->place.pulse);
    if (e != ERR_OK) {
        diag_set(d, "the connections to brokers can't be prepared: %s", err_text(e));
        ingest_close(i);
        return e;
    }
    *out = i;
    return ERR_OK;
}

static enum err check_sources(const struct source *sources, size_t count, struct diag *d)
{
    for (size_t k = 0; k < count; k++) {
        struct address ignored;
        if (sources[k].broker != NULL &&
            address_parse(sources[k].broker, &ignored, d) != ERR_OK) {
            return ERR_CONFIG;
        }
    }
    return ERR_OK;
}

/* All that stand in list (an entry may be NULL) take leave at the same time. */
static void close_all(struct mqtt **list, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (list[k] != NULL) {
            mqtt_stop(list[k]);
        }
    }
    for (size_t k = 0; k < count; k++) {
        mqtt_close(list[k]);
        list[k] = NULL;
    }
}

/* Takes the connection that serves s out of list. NULL: there is none. */
static struct mqtt *take_same(struct mqtt **list, size_t count, const struct source *s)
{
    for (size_t k = 0; k < count; k++) {
        if (list[k] != NULL && source_copy_same(mqtt_source(list[k]), s)) {
            struct mqtt *m = list[k];
            list[k] = NULL;
            return m;
        }
    }
    return NULL;
}

static const struct source *find_before(struct source *const *before, size_t count,
                                        const struct source *s)
{
    for (size_t k = 0; k < count; k++) {
        if (before[k] != NULL && source_copy_same_session(before[k], s)) {
            return before[k];
        }
    }
    return NULL;
}

/* Stops what is left in list; before: copies of what it was subscribed to. */
static void retire(struct mqtt **list, size_t count, struct source **before)
{
    for (size_t k = 0; k < count; k++) {
        before[k] = list[k] != NULL ? mqtt_copy_subscribed(list[k]) : NULL;
    }
    close_all(list, count);
}

static void swap_list(struct ingest *i, struct mqtt **list, size_t count)
{
    pthread_mutex_lock(&i->mutex);
    free(i->list);
    i->list = list;
    i->count = count;
    pthread_mutex_unlock(&i->mutex);
}

enum err ingest_set_sources(struct ingest *i, const struct source *sources, size_t count,
                            int64_t payload_ceiling_bytes, struct diag *d)
{
    enum err e = check_sources(sources, count, d);
    if (e != ERR_OK) {
        return e;
    }
    i->place.ceiling_bytes = payload_ceiling_bytes;
    size_t old_count = i->count;
    struct mqtt **old = calloc(old_count + 1, sizeof(void *));
    struct mqtt **list = calloc(count + 1, sizeof(void *));
    struct source **before = calloc(old_count + 1, sizeof(void *));
    if (old == NULL || list == NULL || before == NULL) {
        e = ERR_MEMORY;
        old_count = 0;
        goto out;
    }
    for (size_t k = 0; k < old_count; k++) {
        old[k] = i->list[k];
    }
    size_t served = 0;
    for (size_t k = 0; k < count; k++) {
        list[k] = take_same(old, old_count, &sources[k]);
        if (list[k] != NULL) {
            mqtt_set_ceiling(list[k], payload_ceiling_bytes);
        }
    }
    swap_list(i, NULL, 0);
    retire(old, old_count, before);
    for (size_t k = 0; k < count; k++) {
        struct mqtt *m = list[k];
        if (m == NULL && sources[k].broker != NULL) {
            enum err fault =
                mqtt_open(&i->place, &sources[k],
                          find_before(before, old_count, &sources[k]), &m, d);
            e = fault != ERR_OK ? fault : e;
        }
        if (m != NULL) {
            list[served++] = m;
        }
    }
    swap_list(i, list, served);
    list = NULL;
out:
    for (size_t k = 0; k < old_count; k++) {
        source_copy_free(before[k]);
    }
    free(before);
    free(list);
    free(old);
    return e;
}

void ingest_close(struct ingest *i)
{
    if (i == NULL) {
        return;
    }
    close_all(i->list, i->count);
    pulse_close(i->place.pulse);
    free(i->list);
    pthread_mutex_destroy(&i->mutex);
    free(i);
}

void ingest_status(struct ingest *i, void *arg,
                   void (*row)(void *arg, const struct ingest_status *s))
{
    pthread_mutex_lock(&i->mutex);
    for (size_t k = 0; k < i->count; k++) {
        mqtt_status(i->list[k], arg, row);
    }
    pthread_mutex_unlock(&i->mutex);
}
