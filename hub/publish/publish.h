/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_PUBLISH_H
#define PUBLISH_PUBLISH_H

/* The contract of a kind of portal. A kind is a file targets/<name>.c that defines
 * `const struct publish_kind publish_<name>`. Threads: the publisher's. */

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "model/configuration.h"
#include "store/outbox.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that the portal is to hold. All strings borrowed for the push. */
struct publish_output {
    const char *name;      /* of the file; never changes: links end in it */
    const char *path;      /* absolute */
    const char *period;    /* "2026-11", "current" */
    const char *city;      /* id; "": all of them */
    const char *parameter; /* id; "": all of them */
    int64_t rows, bytes;
    struct hash hash;
    bool too_large; /* above the target's limit, and a piece that cannot be split */
    /* What the ledger knows: the portal gave these very bytes back, from the resource of
     * this id, with this stamp. */
    bool proven;
    const char *id, *stamp; /* "": not known */
};

/* What the portal was seen to hold after a file was sent. */
struct publish_receipt {
    const struct publish_output *output;
    const char *id, *stamp;
    struct hash read;
    bool is_read; /* false: the portal does not serve the file to us */
};

/* One dataset to one portal. */
struct publish_job {
    const struct configuration *configuration;
    const struct dataset *dataset;
    const struct target *target;
    const char *token; /* NULL: none */
    const struct publish_output *outputs;
    size_t output_count;
    int64_t first_us, last_us; /* of all rows */
    const char *scratch;       /* path of a file that the push may write and remove */
    const atomic_bool *stop;   /* true: come back within a second; may be NULL */
    void *arg;
    /* The ledger; called at once when a file has arrived or was removed. */
    enum err (*record)(void *arg, const struct publish_receipt *r);
    enum err (*forget)(void *arg, const char *name);
};

struct publish_result {
    char sentence[OUTBOX_SENTENCE]; /* why it failed, or a remark; "": nothing to say */
    bool alarm;                     /* the portal held other bytes than the ledger says */
    bool unreachable; /* no answer at all: other datasets need not try now */
    int requests, writes, uploads;
};

struct publish_kind {
    const char *name;

    /* Appends all that the portal is told beside the files' bytes, as one text that is
     * the same for the same configuration and data. */
    enum err (*describe)(const struct publish_job *job, struct buf *out);

    /* Makes the portal hold the dataset and exactly these outputs; sends only what
     * differs. May be called again after any failure. result starts zeroed.
     * ERR_BUSY: stop was set. ERR_NETWORK, ERR_IO, ERR_MEMORY: later again.
     * ERR_REFUSED: the token has no right. All else: as it is now it will never work. */
    enum err (*push)(const struct publish_job *job, struct publish_result *result);
};

extern const struct publish_kind *const publish_table[]; /* ends with NULL */

#endif
