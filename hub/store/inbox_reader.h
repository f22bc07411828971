/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_INBOX_READER_H
#define STORE_INBOX_READER_H

/* Reading the inbox, by the pipeline and by verbs. Threads: a reader has one owner at a
 * time; it never holds up who writes. */

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/message.h"

#include <stddef.h>
#include <stdint.h>

struct inbox_reader; /* opaque */

/* Opens folder/inbox.db read-only. ERR_ABSENT: there is none. */
MUST_USE enum err inbox_reader_open(const char *folder, struct inbox_reader **out,
                                    struct diag *d);
void inbox_reader_close(struct inbox_reader *r); /* r may be NULL */

/* Copies the messages after id, up to most of them or bytes of payload (always one), into
 * a. out->count 0: there is none. ERR_FULL: a is too small for even one. */
struct inbox_part {
    struct message *messages;
    size_t count;
};
MUST_USE enum err inbox_read(struct inbox_reader *r, int64_t after, size_t most,
                             size_t bytes, struct arena *a, struct inbox_part *out);

/* One message. ERR_ABSENT: not there (given up, or never was). */
MUST_USE enum err inbox_get(struct inbox_reader *r, int64_t id, struct arena *a,
                            struct message *out);

/* The message before m of the same source and session with the same packet id that came
 * on the connection just before m's; ERR_ABSENT: none. */
MUST_USE enum err inbox_get_before(struct inbox_reader *r, const struct message *m,
                                   struct arena *a, struct message *out);

/* The id up to which, from id on and at most, all messages arrived before time_us: the
 * first that must be kept. */
MUST_USE enum err inbox_older(struct inbox_reader *r, int64_t id, int64_t time_us,
                              int64_t most, int64_t *keep);

/* The first id that arrived at time_us or later, found by halving; the one after the last
 * if there is none. Where the clock was set back it may be off by what came meanwhile. */
MUST_USE enum err inbox_since(struct inbox_reader *r, int64_t time_us, int64_t *id);

/* When id arrived, or the first after it that is there. ERR_ABSENT: none. */
MUST_USE enum err inbox_arrival(struct inbox_reader *r, int64_t id, int64_t *arrival_us);

/* First id that is kept, last id, both 0 if empty. */
MUST_USE enum err inbox_bounds(struct inbox_reader *r, int64_t *first, int64_t *last);

/* What the inbox knows of the connections of each source. Calls row for each, by name. */
struct inbox_source {
    const char *source;
    int64_t connected_us; /* of the last connection; CLOCK_NONE: never */
    int64_t ended_us;     /* CLOCK_NONE: it stands */
    int64_t session;
    int64_t holes; /* lost sessions */
};
MUST_USE enum err inbox_sources(struct inbox_reader *r, void *arg,
                                void (*row)(void *arg, const struct inbox_source *s));

/* Messages after id, at most the first most of them, counted by source. */
struct inbox_waiting {
    const char *source;
    int64_t count;
    int64_t oldest_us, newest_us; /* arrivals of the first and the last of them */
};
MUST_USE enum err inbox_waiting(struct inbox_reader *r, int64_t after, int64_t most,
                                void *arg,
                                void (*row)(void *arg, const struct inbox_waiting *w));

struct inbox_hole {
    const char *source;
    int64_t from_us, to_us;
};
MUST_USE enum err inbox_holes(struct inbox_reader *r, void *arg,
                              void (*row)(void *arg, const struct inbox_hole *h));

#endif
