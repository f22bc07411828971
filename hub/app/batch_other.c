/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/batch_other.h"

#include "app/settle.h"

enum { OTHER_MOST = 1 << 30 /* bytes of memory for one */ };

static enum err work_again(struct batch *b, int64_t id, struct batch_other *out)
{
    arena_reset(b->other);
    enum err e = inbox_get(b->inbox, id, b->other, &out->message);
    if (e != ERR_OK) {
        return e;
    }
    if (!batch_rules(b, &out->message, &out->rules)) {
        out->work = (struct work){.device = "", .stage = ""};
        out->work.decoded.message_us = INT64_MAX;
        return ERR_OK;
    }
    return work_message(&b->worker, &out->message, &out->rules, b->other, &out->work);
}

bool batch_grow_other(struct batch *b)
{
    struct arena *larger =
        b->other_size < OTHER_MOST ? arena_open(2 * b->other_size) : NULL;
    if (larger == NULL) {
        return false;
    }
    batch_forget_other(b);
    arena_close(b->other);
    b->other = larger;
    b->other_size *= 2;
    return true;
}

void batch_forget_other(struct batch *b)
{
    b->asked.id = 0;
}

/* Readings of one message mostly meet those of one other message: the last one stays. */
enum err batch_ask(struct batch *b, int64_t id, struct batch_other **out)
{
    enum err e = ERR_OK;
    if (b->asked.id != id) {
        do {
            b->asked = (struct batch_other){0};
            e = work_again(b, id, &b->asked);
        } while (e == ERR_FULL && batch_grow_other(b));
        b->asked.id = e == ERR_OK ? id : 0;
    }
    *out = &b->asked;
    return e;
}

enum err batch_hash(const struct message *m, struct batch_hash *kept,
                    const struct hash **out)
{
    enum err e =
        kept->known ? ERR_OK : hash_message(m->topic, m->payload, m->size, &kept->hash);
    kept->known = e == ERR_OK;
    *out = &kept->hash;
    return e;
}
