/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/replay.h"

#include "store/books.h"

#include <string.h>

enum { IDS_MOST = 2000 };

static enum err passes(struct store *s, const struct replay_filter *f, int64_t id,
                       bool *yes)
{
    struct message_row row;
    *yes = f->reason[0] == '\0';
    if (*yes) {
        return ERR_OK;
    }
    enum err e = store_get_message(s, id, &row);
    *yes = e == ERR_OK && strstr(row.reason, f->reason) != NULL;
    return e == ERR_ABSENT ? ERR_OK : e;
}

/* ERR_FULL: a has no room for it. */
static enum err take_one(struct store *s, struct inbox_reader *r,
                         const struct replay_filter *f, int64_t id, struct arena *a,
                         struct replay_part *part)
{
    bool yes = false;
    struct message *m = &part->messages[part->count];
    enum err e = passes(s, f, id, &yes);
    if (e != ERR_OK || !yes) {
        return e;
    }
    e = inbox_get(r, id, a, m);
    part->count += e == ERR_OK && m->arrival_us >= f->since_us;
    return e == ERR_ABSENT ? ERR_OK : e;
}

enum err replay_collect(struct store *s, struct inbox_reader *r,
                        const struct replay_filter *f, size_t most, struct arena *a,
                        struct replay_part *part)
{
    int64_t ids[IDS_MOST];
    size_t count = 0;
    struct replay_part out = {.last = part->last};
    most = most < IDS_MOST ? most : IDS_MOST;
    out.messages = arena_take(a, most * sizeof *out.messages);
    enum err e = out.messages == NULL
                     ? ERR_FULL
                     : store_list_messages(s, f->fate, part->last, ids, most, &count);
    for (size_t i = 0; i < count && ids[i] <= f->until && e == ERR_OK; i++) {
        e = take_one(s, r, f, ids[i], a, &out);
        if (e == ERR_OK) {
            out.looked++;
            out.last = ids[i];
        }
    }
    if (e == ERR_OK || (e == ERR_FULL && out.looked > 0)) {
        *part = out;
        return ERR_OK;
    }
    return e;
}

enum err replay_count(struct store *s, const struct replay_filter *f, int64_t *count)
{
    int64_t ids[IDS_MOST];
    int64_t total = 0;
    int64_t after = 0;
    size_t n = IDS_MOST;
    enum err e = ERR_OK;
    while (e == ERR_OK && n == IDS_MOST) {
        e = store_list_messages(s, f->fate, after, ids, IDS_MOST, &n);
        for (size_t i = 0; i < n && e == ERR_OK; i++) {
            total += ids[i] <= f->until;
            after = ids[i];
        }
    }
    if (e == ERR_OK) {
        *count = total;
    }
    return e;
}
