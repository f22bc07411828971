/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/recompute_internal.h"

#include "app/settle.h"
#include "store/books.h"

#include <string.h>

/* Messages that wait or are rejected here, and would not be by today's configuration, or
 * the other way round, though nothing that is stored tells: what they say is there from
 * another message. */

enum { IDS = 500 };

static bool is_of(const struct batch_scope *scope, const struct batch_other *other)
{
    const struct work *work = &other->work;
    bool all = scope->station_count == 0;
    bool in = work->decoded.count == 0 && all &&
              batch_in_scope(scope, "", other->message.arrival_us);
    for (size_t i = 0; i < work->decoded.count && !in; i++) {
        const struct work_item *item = &work->items[i];
        in = item->outcome == OUTCOME_STORED
                 ? batch_in_scope(scope, batch_station(item), item->reading->time_us)
                 : all && batch_in_scope(scope, "", item->reading->time_us);
    }
    return in;
}

/* Whether id has another fate here and there, of its own accord. */
static enum err differs(struct pipeline *p, const struct recompute *r, int64_t id,
                        bool *yes)
{
    struct message_row here = {.fate = FATE_STORED, .stage = ""};
    struct message_row there = here;
    *yes = false;
    if (id < store_number(p->store, STORE_FLOOR)) {
        return ERR_OK;
    }
    enum err e = store_get_message(p->store, id, &here);
    bool aside = e == ERR_OK && strcmp(here.stage, "work") == 0;
    e = e == ERR_OK || e == ERR_ABSENT ? store_get_message(r->shadow, id, &there) : e;
    if ((e != ERR_OK && e != ERR_ABSENT) || aside || here.fate == there.fate) {
        return e == ERR_ABSENT ? ERR_OK : e;
    }
    struct batch_other *other = NULL;
    e = batch_ask(&p->batch, id, &other);
    *yes = e == ERR_OK && is_of(&r->order->scope, other);
    return e;
}

static enum err look_at(struct pipeline *p, struct recompute *r, const int64_t *ids,
                        size_t count)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        bool yes = false;
        e = differs(p, r, ids[i], &yes);
        r->result->fates += yes;
        if (e == ERR_OK && yes && r->order->apply) {
            e = amend_message(&r->amend, ids[i]);
        }
    }
    return e;
}

/* Pending ones, then rejected ones. */
static void go_on(struct recompute *r, size_t count)
{
    if (count == IDS) {
        return;
    }
    r->id = 0;
    if (r->fate == FATE_PENDING) {
        r->fate = FATE_REJECTED;
    } else {
        r->fate = FATE_PENDING;
        r->phase++;
    }
}

enum err recompute_fates(struct pipeline *p, struct recompute *r)
{
    int64_t ids[IDS];
    size_t count = 0;
    struct store *of = r->phase == PHASE_FATES ? p->store : r->shadow;
    enum err e = store_list_messages(of, r->fate, r->id, ids, IDS, &count);
    bool apply = r->order->apply && count > 0;
    e = e == ERR_OK && apply ? store_begin(p->store) : e;
    if (e != ERR_OK) {
        return e;
    }
    e = look_at(p, r, ids, count);
    if (apply) {
        e = e != ERR_OK ? e : store_commit(p->store);
        e = e != ERR_OK ? batch_roll_back(&p->batch, e) : ERR_OK;
    }
    if (e == ERR_OK) {
        r->id = count > 0 ? ids[count - 1] : 0;
        go_on(r, count);
    }
    return e;
}
