/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_POWER_WORLD_H
#define SUPPORT_POWER_WORLD_H

/* A hub on the disk of power_vfs.h that takes 200 messages: a broker that delivers what
 * was not acknowledged, a gate that commits by groups, the pipeline, which gives up what
 * is old and at the end lets somebody settle a conflict by hand, a publisher that notes
 * how far it has read, a clean stop on the way. And what must be there afterwards.
 * A fault of the disk is met as the hub meets it: by trying again. The hub's log goes
 * nowhere. Threads: one. */

#include "support/pipeline_world.h"
#include "support/power_vfs.h"

#include "store/outbox.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    POWER_MESSAGES = 200,
    POWER_PAYLOAD = 4096,
    POWER_KEPT = 60,         /* newest messages that are never old */
    POWER_AT_S = 1780271000, /* of the readings of message 0 */
    POWER_STATES = 4,        /* of hub.db at one cursor */
};

struct power_message {
    char topic[32], payload[POWER_PAYLOAD];
    int source;
};

struct power_world {
    struct pipeline_world world; /* folder, inbox, pipeline, connections */
    struct current *current;
    struct outbox *outbox;
    bool running;
    bool recovered;    /* from a cut: there is no clean stop on the way any more */
    int group;         /* groups delivered: what is done when goes by it */
    int acknowledged;  /* messages below it */
    int refused;       /* tries that failed */
    int64_t shown;     /* cursor of the last batch whose commit returned */
    int64_t published; /* change noted in the outbox by a commit that returned */
    int deliveries[POWER_MESSAGES];
    int old;        /* messages below it may be given up */
    int64_t floor;  /* a commit that returned gave up the ids below it */
    bool chosen;    /* the conflict is settled: a commit returned */
    bool recording; /* notes what hub.db holds at each cursor */
    uint64_t states[POWER_MESSAGES + 1][POWER_STATES]; /* 0: none */
    char *expected;                                    /* dump of the undisturbed run */
    int64_t lost, doubled;                             /* over all runs */
    struct power_message messages[POWER_MESSAGES];
};

/* Installs the disk, makes configuration and messages, and runs once undisturbed. */
void power_world_begin(struct power_world *p);
void power_world_end(struct power_world *p);

/* The messages, of all fates; ten by ten: none says of a time what one of another ten
 * says, so that it does not matter when those are given up (power_messages.c). */
void power_world_make_messages(struct power_world *p);

/* What hub.db holds, at the cursor that was shown last: notes it; whether it was noted
 * (power_states.c). */
void power_world_note_state(struct power_world *p);
bool power_world_is_known_state(const struct power_world *p);

/* One of the databases, past the hub; NULL: it can't be opened. Yours. */
struct sqlite3 *power_world_look_into(const struct power_world *p, const char *name);

/* A new disk; nothing delivered. */
void power_world_fresh(struct power_world *p, enum power_mode mode, uint64_t seed);

/* Starts what is not running and goes on until all is acknowledged, stored and noted.
 * False: the power went; the hub is gone. After the tenth refusal the disk is healed. */
bool power_world_run(struct power_world *p);
void power_world_stop(struct power_world *p);

/* Starts after a cut, and looks whether all is there that was acknowledged or shown.
 * exactly: until the cut nothing failed, so that each state of hub.db is known. */
void power_world_check_cut(struct power_world *p, bool exactly);

/* After a whole run: books, inbox and dump. Stops. */
void power_world_check_end(struct power_world *p);

/* The seed of the whole run, from KOGGE_SEED or the clock; printed. */
uint64_t power_world_seed(void);

/* The k-th (from 0) of the numbers 1 to of: all of them with KOGGE_LONG, else most of
 * them, drawn, one from each stretch. False: there is no k-th. */
bool power_world_sample(int64_t k, int64_t of, int64_t most, int64_t *n);

#endif
