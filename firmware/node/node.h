/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

/* One node: samples by its schedule, holds what it sampled, sends it pack by pack, and
 * lets go of it only when told that it is safe. No heap: the caller owns all memory.
 * Threads: one owner at a time; the port brings events of its link to that one. */

#include "node/pack.h"
#include "node/port.h"
#include "node/queue.h"
#include "node/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node {
    struct pack_header header;
    struct port port;
    struct schedule schedule;
    struct queue queue;
    char *pack; /* the caller's; holds the pack that is under way */
    size_t pack_size;
    uint64_t under_way; /* last sequence number of that pack; 0: none */
    uint64_t send_upto; /* what the schedule wants sent by now */
    bool link_is_up, finishing;
};

struct node_setup {
    struct pack_header header; /* borrowed for ever */
    struct port port;
    int32_t sample_every_s, send_every_s;
    struct sample *slots; /* memory of the queue */
    uint32_t slot_count;
    char *pack; /* memory of one pack */
    size_t pack_size;
    uint64_t next_sequence; /* 1 for a new log */
};

/* False: the header is not sound, or memory is below PACK_SIZE_MIN or one slot. */
bool node_init(struct node *n, const struct node_setup *setup, int64_t now_us);

/* Does what is due at now_us. Returns when to call again (INT64_MAX: only
 * after an event); call earlier after an event. */
int64_t node_step(struct node *n, int64_t now_us);

/* Takes one sample of an instant that is past, as after a restart. */
void node_sample(struct node *n, int64_t time_us);

/* Wants all that is held sent now, not at the next sending instant. */
void node_flush(struct node *n);

/* The end is near: samples no more, and wants all that is held sent. */
void node_finish(struct node *n);

/* Events of the link. Down: what was under way counts as not sent. */
void node_link_up(struct node *n);
void node_link_down(struct node *n);

/* The pack under way arrived: its samples leave the queue. */
void node_confirm(struct node *n);

/* All samples up to and including this number are safe: they leave the queue. */
void node_release(struct node *n, uint64_t upto);

/* True if nothing is held or under way. */
bool node_is_idle(const struct node *n);

#endif
