/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_STORE_FUZZ_H
#define FUZZ_STORE_FUZZ_H

/* A data folder as a killed hub leaves it, part of it in the databases and part in their
 * logs; each run gets a copy of its own, in memory where the machine has such a folder.
 */
#include "app/command.h"
#include "base/buf.h"
#include "base/file.h"
#include "support/audit_run.h"
#include "support/database.h"
#include "support/fixture.h"
#include "support/pipeline_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE_FILES = 4, STORE_MESSAGES = 12, DAMAGE_BYTES = 6 };

struct store_fuzz {
    struct pipeline_world world; /* its folder: of the run */
    struct buf files[STORE_FILES];
    int64_t observations;
    enum err err; /* of the start */
    struct diag diag;
};

static const char *const store_fuzz_names[STORE_FILES] = {"hub.db", "hub.db-wal",
                                                          "inbox.db", "inbox.db-wal"};

static inline void store_fuzz_feed(struct pipeline_world *w, int from, int to)
{
    for (int i = from; i < to; i++) {
        char values[64];
        snprintf(values, sizeof values, "\"temp\": %d, \"bat\": 3.%d", 5 + i % 3, i);
        struct sent m = world_ttn(i % 5 == 4 ? "late-1" : "ttn-1",
                                  1780271000 + i / 2 * 60, i, 0, values);
        m.arrival_us += i * INT64_C(1000000);
        world_feed(w, &m);
    }
}

static inline const char *store_fuzz_path(const struct store_fuzz *f, int i)
{
    static char path[300];
    snprintf(path, sizeof path, "%.250s/%s", f->world.folder, store_fuzz_names[i]);
    return path;
}

static struct store_fuzz store_fuzz_state;

static inline void store_fuzz_remove(void)
{
    fixture_remove(store_fuzz_state.world.folder);
}

/* Made once: half of the messages in the databases, the others in their logs. */
static inline struct store_fuzz *store_fuzz_get(void)
{
    struct store_fuzz *f = &store_fuzz_state;
    if (f->world.current != NULL) {
        return f;
    }
    fixture_in_memory();
    world_begin(&f->world);
    atexit(store_fuzz_remove);
    store_fuzz_feed(&f->world, 0, STORE_MESSAGES / 2);
    world_close(&f->world);
    world_open(&f->world);
    world_connect(&f->world);
    store_fuzz_feed(&f->world, STORE_MESSAGES / 2, STORE_MESSAGES);
    f->observations = world_number(&f->world, "SELECT count(*) FROM observations");
    for (int i = 0; i < STORE_FILES; i++) {
        buf_init(&f->files[i], 1 << 22);
        if (file_read(store_fuzz_path(f, i), &f->files[i]) != ERR_OK) {
            abort();
        }
    }
    world_close(&f->world);
    f->world.current = current_open(world_configuration(&f->world, PIPELINE_FIRST));
    return f;
}

/* Changes a copy of one file: a bit, a byte, a sector, its end. */
static inline void store_fuzz_damage(struct buf *b, const uint8_t d[DAMAGE_BYTES])
{
    size_t at = ((size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3]) % b->length;
    size_t sector = b->length - at < 512 ? b->length - at : 512;
    switch (d[0] % 5) {
    case 0:
        b->bytes[at] = (char)(b->bytes[at] ^ 1 << d[4] % 8);
        break;
    case 1:
        b->bytes[at] = (char)d[4];
        break;
    case 2:
        memset(b->bytes + at, d[4], sector);
        break;
    case 3:
        memmove(b->bytes + at, b->bytes + (size_t)d[4] * 512 % (b->length - sector + 1),
                sector);
        break;
    default:
        b->length = at > 0 ? at : 1;
    }
}

/* Writes the files, one of them damaged, and starts. */
static inline void store_fuzz_start(struct store_fuzz *f, int which, const uint8_t *data,
                                    size_t size)
{
    struct pipeline_world *w = &f->world;
    for (int i = 0; i < STORE_FILES; i++) {
        struct buf b;
        buf_init(&b, 1 << 22);
        buf_put(&b, f->files[i].bytes, f->files[i].length);
        for (; i == which && size >= DAMAGE_BYTES; size -= DAMAGE_BYTES) {
            store_fuzz_damage(&b, data);
            data += DAMAGE_BYTES;
        }
        FILE *to = fopen(store_fuzz_path(f, i), "wb");
        if (to == NULL || fwrite(b.bytes, 1, b.length, to) != b.length ||
            fclose(to) != 0) {
            abort();
        }
        buf_fini(&b);
    }
    f->diag = (struct diag){0};
    f->err = inbox_open(w->folder, &w->inbox, &f->diag);
    if (f->err == ERR_OK) {
        f->err = pipeline_open(w->folder, w->inbox, w->current, &w->pipeline, &f->diag);
    }
}

/* The files go; the next run writes them anew. */
static inline void store_fuzz_end(struct store_fuzz *f)
{
    pipeline_close(f->world.pipeline);
    inbox_close(f->world.inbox);
    f->world.pipeline = NULL;
    f->world.inbox = NULL;
    for (int i = 0; i < STORE_FILES; i++) {
        char shm[320];
        unlink(store_fuzz_path(f, i));
        snprintf(shm, sizeof shm, "%.250s/%s-shm", f->world.folder,
                 store_fuzz_names[i & ~1]);
        unlink(shm);
    }
}

/* Fewer observations than there were, and no message waits for its turn. */
static inline bool store_fuzz_lost(const struct store_fuzz *f)
{
    return world_number(&f->world, "SELECT count(*) FROM observations") < f->observations;
}

#endif
