/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/current.h"

#include <pthread.h>
#include <stdlib.h>

struct version {
    struct version *older;
    struct configuration *configuration;
    int users;
};

struct current {
    pthread_mutex_t mutex;
    struct version *newest, *spare;
};

struct current *current_open(struct configuration *c)
{
    struct current *current = calloc(1, sizeof *current);
    if (current == NULL || !current_reserve(current)) {
        free(current);
        configuration_free(c);
        return NULL;
    }
    pthread_mutex_init(&current->mutex, NULL);
    current->newest = current->spare;
    current->newest->configuration = c;
    current->spare = NULL;
    return current;
}

/* Frees the versions behind keep that nobody uses. */
static void drop_unused(struct version *keep)
{
    for (struct version **at = &keep->older; *at != NULL;) {
        struct version *v = *at;
        if (v->users > 0) {
            at = &v->older;
            continue;
        }
        *at = v->older;
        configuration_free(v->configuration);
        free(v);
    }
}

void current_close(struct current *c)
{
    if (c == NULL) {
        return;
    }
    drop_unused(c->newest);
    configuration_free(c->newest->configuration);
    free(c->newest);
    free(c->spare);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

const struct configuration *current_take(struct current *c)
{
    pthread_mutex_lock(&c->mutex);
    c->newest->users++;
    const struct configuration *taken = c->newest->configuration;
    pthread_mutex_unlock(&c->mutex);
    return taken;
}

void current_give(struct current *c, const struct configuration *taken)
{
    pthread_mutex_lock(&c->mutex);
    for (struct version *v = c->newest; v != NULL; v = v->older) {
        if (v->configuration == taken) {
            v->users--;
        }
    }
    drop_unused(c->newest);
    pthread_mutex_unlock(&c->mutex);
}

bool current_reserve(struct current *c)
{
    if (c->spare == NULL) {
        c->spare = calloc(1, sizeof *c->spare);
    }
    return c->spare != NULL;
}

void current_set(struct current *c, struct configuration *next)
{
    pthread_mutex_lock(&c->mutex);
    struct version *v = c->spare;
    *v = (struct version){.older = c->newest, .configuration = next};
    c->spare = NULL;
    c->newest = v;
    drop_unused(v);
    pthread_mutex_unlock(&c->mutex);
}
