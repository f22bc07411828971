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

/* From the sources until now to those from now on. */
struct change {
    const struct source *sources; /* from now on */
    size_t count;
    struct mqtt **list; /* what serves them; NULL: nothing yet */
    struct mqtt **old;  /* what served until now; NULL: it goes on, in list */
    size_t old_count;
};

static enum err change_init(struct change *c, const struct ingest *i)
{
    c->list = calloc(c->count + 1, sizeof(void *));
    c->old = calloc(i->count + 1, sizeof(void *));
    if (c->list == NULL || c->old == NULL) {
        return ERR_MEMORY;
    }
    for (; c->old_count < i->count; c->old_count++) {
        c->old[c->old_count] = i->list[c->old_count];
    }
    return ERR_OK;
}

static void change_fini(struct change *c)
{
    free(c->list);
    free(c->old);
}

/* Takes the connection that serves s out of those until now. NULL: there is none. */
static struct mqtt *take_same(struct change *c, const struct source *s)
{
    for (size_t k = 0; k < c->old_count; k++) {
        if (c->old[k] != NULL && source_copy_same(mqtt_source(c->old[k]), s)) {
            struct mqtt *m = c->old[k];
            c->old[k] = NULL;
            return m;
        }
    }
    return NULL;
}

/* Starts what is missing; one that can't be started is left out of the list. */
static enum err open_missing(struct change *c, const struct mqtt_place *place,
                             struct diag *d)
{
    enum err e = ERR_OK;
    size_t served = 0;
    for (size_t k = 0; k < c->count; k++) {
        const struct source *s = &c->sources[k];
        struct mqtt *m = c->list[k];
        if (m == NULL && s->broker != NULL) {
            enum err fault = mqtt_open(place, s, &m, d);
            e = fault != ERR_OK ? fault : e;
        }
        if (m != NULL) {
            c->list[served++] = m;
        }
    }
    c->count = served;
    return e;
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
    struct change c = {.sources = sources, .count = count};
    enum err e = check_sources(sources, count, d);
    if (e != ERR_OK) {
        return e;
    }
    e = change_init(&c, i);
    if (e == ERR_OK) {
        i->place.ceiling_bytes = payload_ceiling_bytes;
        for (size_t k = 0; k < count; k++) {
            c.list[k] = take_same(&c, &sources[k]);
            if (c.list[k] != NULL) {
                mqtt_set_ceiling(c.list[k], payload_ceiling_bytes);
            }
        }
        swap_list(i, NULL, 0);
        close_all(c.old, c.old_count);
        e = open_missing(&c, &i->place, d);
        swap_list(i, c.list, c.count);
        c.list = NULL;
    }
    change_fini(&c);
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
