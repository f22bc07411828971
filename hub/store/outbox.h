/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

/* The outbox (outbox.db): how far the change log was read, which files are to be written
 * again, which files there are, what waits for which portal, and what each portal holds
 * by proof. Written by the publisher alone; others open it read-only. All of it can be
 * made anew from the store and the portals: losing it costs work, never data.
 * Threads: one owner at a time. Strings in callbacks are borrowed for the call, which
 * must not use the outbox. */

#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct outbox; /* opaque */

enum { OUTBOX_NAME = 72, OUTBOX_SENTENCE = 321 };

/* Opens or makes folder/outbox.db (0600); read_only: ERR_ABSENT if there is none.
 * ERR_NEWER, ERR_DAMAGED, ERR_IO. */
MUST_USE enum err outbox_open(const char *folder, bool read_only, struct outbox **out,
                              struct diag *d);
void outbox_close(struct outbox *o); /* o may be NULL */

/* All between begin and commit, or nothing. Without begin each call is its own. */
MUST_USE enum err outbox_begin(struct outbox *o);
MUST_USE enum err outbox_commit(struct outbox *o); /* rolls back where it fails */
void outbox_rollback(struct outbox *o);

struct outbox_progress { /* how far the store was read; zeros at first */
    int64_t epoch, change;
};
MUST_USE enum err outbox_get_progress(struct outbox *o, struct outbox_progress *out);
MUST_USE enum err outbox_put_progress(struct outbox *o, const struct outbox_progress *p);

/* Of what a dataset's files were made, data apart. ERR_ABSENT: not written yet. */
MUST_USE enum err outbox_get_fingerprint(struct outbox *o, const char *dataset,
                                         struct hash *out);
MUST_USE enum err outbox_put_fingerprint(struct outbox *o, const char *dataset,
                                         const struct hash *h);

/* Periods whose files are to be written again: "2026-11"; "*" all of them. */
MUST_USE enum err outbox_put_dirty(struct outbox *o, const char *dataset,
                                   const char *period);
MUST_USE enum err outbox_delete_dirty(struct outbox *o, const char *dataset,
                                      const char *period);
MUST_USE enum err outbox_dirty(struct outbox *o, const char *dataset, void *arg,
                               void (*row)(void *arg, const char *period));

/* Files there are. city and parameter are "" unless the file is a piece. */
struct outbox_file {
    const char *dataset;
    const char *period; /* "2026-11", "current" */
    const char *city, *parameter;
    const char *path; /* below the export folder */
    int64_t rows, bytes;
    struct hash hash;
    int64_t first_us, last_us;
};
MUST_USE enum err outbox_put_file(struct outbox *o, const struct outbox_file *f);
MUST_USE enum err outbox_delete_file(struct outbox *o, const char *dataset,
                                     const char *path);
/* By period, city, parameter. period NULL: of all. */
MUST_USE enum err outbox_files(struct outbox *o, const char *dataset, const char *period,
                               void *arg,
                               void (*row)(void *arg, const struct outbox_file *f));

enum outbox_state {
    OUTBOX_WAITING, /* to be pushed at next_us */
    OUTBOX_DONE,
    OUTBOX_FAILED, /* tried, will be tried again at next_us */
    OUTBOX_PARKED, /* refused; for a day, or until files, configuration or token change */
};
const char *outbox_state_text(enum outbox_state s); /* "waiting" ... */

struct outbox_push { /* one dataset at one portal */
    char dataset[OUTBOX_NAME], target[OUTBOX_NAME];
    enum outbox_state state;
    struct hash wanted; /* of files and description when it was last tried */
    struct hash key;    /* of what a refusal depends on */
    int attempts;       /* failed in a row */
    int64_t next_us;
    int64_t success_us;  /* CLOCK_NONE: never */
    int64_t verified_us; /* the portal was last read and held what was sent */
    char
        sentence[OUTBOX_SENTENCE]; /* "" unless failed or parked, or done with a remark */
};
/* One that is not there comes as waiting, due at once. */
MUST_USE enum err outbox_get_push(struct outbox *o, const char *dataset,
                                  const char *target, struct outbox_push *out);
MUST_USE enum err outbox_put_push(struct outbox *o, const struct outbox_push *p);
MUST_USE enum err outbox_delete_push(struct outbox *o, const char *dataset,
                                     const char *target); /* with its ledger */
/* By target, dataset. */
MUST_USE enum err outbox_pushes(struct outbox *o, void *arg,
                                void (*row)(void *arg, const struct outbox_push *p));

struct outbox_resource { /* the ledger: one file at one portal */
    const char *dataset, *target;
    const char *name; /* of the file */
    const char *id;   /* the portal's; "": not known */
    int64_t rows, bytes;
    struct hash sent;
    struct hash read;  /* of what the portal served */
    bool is_read;      /* false: it could not be read back */
    const char *stamp; /* when the portal says that it changed; "": it does not */
    int64_t sent_us;
};
MUST_USE enum err outbox_put_resource(struct outbox *o, const struct outbox_resource *r);
MUST_USE enum err outbox_delete_resource(struct outbox *o, const char *dataset,
                                         const char *target, const char *name);
MUST_USE enum err
outbox_resources(struct outbox *o, const char *dataset, const char *target, void *arg,
                 void (*row)(void *arg, const struct outbox_resource *r));

#endif
