/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/outbox_sql.h"
#include "store/sqlite.h"

#include "base/clock.h"
#include "base/text.h"

#include <sqlite3.h>
#include <string.h>

const char *outbox_state_text(enum outbox_state s)
{
    static const char *const names[] = {"waiting", "done", "failed", "parked"};
    return names[s];
}

static void read_push(sqlite3_stmt *s, struct outbox_push *p)
{
    text_copy(p->dataset, sizeof p->dataset, sqlite_text(s, 0));
    text_copy(p->target, sizeof p->target, sqlite_text(s, 1));
    int state = sqlite3_column_int(s, 2);
    p->state = state >= OUTBOX_WAITING && state <= OUTBOX_PARKED
                   ? (enum outbox_state)state
                   : OUTBOX_WAITING;
    outbox_column_hash(s, 3, &p->wanted);
    outbox_column_hash(s, 4, &p->key);
    p->attempts = sqlite3_column_int(s, 5);
    p->next_us = sqlite3_column_int64(s, 6);
    p->success_us = sqlite3_column_int64(s, 7);
    p->verified_us = sqlite3_column_int64(s, 8);
    text_copy(p->sentence, sizeof p->sentence, sqlite_text(s, 9));
}

enum err outbox_get_push(struct outbox *o, const char *dataset, const char *target,
                         struct outbox_push *out)
{
    sqlite3_stmt *s = outbox_statement(o, GET_PUSH);
    struct outbox_push p = {.state = OUTBOX_WAITING,
                            .next_us = CLOCK_NONE,
                            .success_us = CLOCK_NONE,
                            .verified_us = CLOCK_NONE};
    text_copy(p.dataset, sizeof p.dataset, dataset);
    text_copy(p.target, sizeof p.target, target);
    outbox_bind_text(s, 1, dataset);
    outbox_bind_text(s, 2, target);
    int code = s == NULL ? SQLITE_ERROR : sqlite3_step(s);
    if (code == SQLITE_ROW) {
        read_push(s, &p);
    }
    enum err e = outbox_finish(s, code);
    if (e == ERR_OK) {
        *out = p;
    }
    return e;
}

enum err outbox_put_push(struct outbox *o, const struct outbox_push *p)
{
    sqlite3_stmt *s = outbox_statement(o, PUT_PUSH);
    outbox_bind_text(s, 1, p->dataset);
    outbox_bind_text(s, 2, p->target);
    sqlite3_bind_int(s, 3, (int)p->state);
    outbox_bind_hash(s, 4, &p->wanted);
    outbox_bind_hash(s, 5, &p->key);
    sqlite3_bind_int(s, 6, p->attempts);
    sqlite3_bind_int64(s, 7, p->next_us);
    sqlite3_bind_int64(s, 8, p->success_us);
    sqlite3_bind_int64(s, 9, p->verified_us);
    outbox_bind_text(s, 10, p->sentence);
    return outbox_run(s);
}

enum err outbox_delete_push(struct outbox *o, const char *dataset, const char *target)
{
    enum err e = outbox_run_named(o, DELETE_LEDGER, dataset, target, NULL);
    return e == ERR_OK ? outbox_run_named(o, DELETE_PUSH, dataset, target, NULL) : e;
}

enum err outbox_pushes(struct outbox *o, void *arg,
                       void (*row)(void *arg, const struct outbox_push *p))
{
    sqlite3_stmt *s = outbox_statement(o, ALL_PUSHES);
    int code = SQLITE_ERROR;
    while (s != NULL && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct outbox_push p;
        read_push(s, &p);
        row(arg, &p);
    }
    return outbox_finish(s, code);
}

enum err outbox_put_resource(struct outbox *o, const struct outbox_resource *r)
{
    sqlite3_stmt *s = outbox_statement(o, PUT_RESOURCE);
    outbox_bind_text(s, 1, r->dataset);
    outbox_bind_text(s, 2, r->target);
    outbox_bind_text(s, 3, r->name);
    outbox_bind_text(s, 4, r->id);
    sqlite3_bind_int64(s, 5, r->rows);
    sqlite3_bind_int64(s, 6, r->bytes);
    outbox_bind_hash(s, 7, &r->sent);
    if (r->is_read) {
        outbox_bind_hash(s, 8, &r->read);
    }
    outbox_bind_text(s, 9, r->stamp);
    sqlite3_bind_int64(s, 10, r->sent_us);
    return outbox_run(s);
}

enum err outbox_delete_resource(struct outbox *o, const char *dataset, const char *target,
                                const char *name)
{
    return outbox_run_named(o, DELETE_RESOURCE, dataset, target, name);
}

enum err outbox_resources(struct outbox *o, const char *dataset, const char *target,
                          void *arg,
                          void (*row)(void *arg, const struct outbox_resource *r))
{
    sqlite3_stmt *s = outbox_statement(o, ALL_RESOURCES);
    int code = SQLITE_ERROR;
    outbox_bind_text(s, 1, dataset);
    outbox_bind_text(s, 2, target);
    while (s != NULL && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct outbox_resource r = {.dataset = sqlite_text(s, 0),
                                    .target = sqlite_text(s, 1),
                                    .name = sqlite_text(s, 2),
                                    .id = sqlite_text(s, 3),
                                    .rows = sqlite3_column_int64(s, 4),
                                    .bytes = sqlite3_column_int64(s, 5),
                                    .stamp = sqlite_text(s, 8),
                                    .sent_us = sqlite3_column_int64(s, 9)};
        outbox_column_hash(s, 6, &r.sent);
        r.is_read = outbox_column_hash(s, 7, &r.read);
        row(arg, &r);
    }
    return outbox_finish(s, code);
}
