/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/inbox_filters.h"

#include "store/inbox_internal.h"

static enum err prepare(struct inbox *i, const char *sql, const struct inbox_session *s,
                        sqlite3_stmt **out)
{
    enum err e = sqlite_prepare(i->db, sql, out);
    if (e == ERR_OK) {
        sqlite3_bind_text(*out, 1, s->broker, -1, SQLITE_STATIC);
        sqlite3_bind_text(*out, 2, s->client_id, -1, SQLITE_STATIC);
    }
    return e;
}

/* filter: NULL if sql has none. */
static enum err run(struct inbox *i, const char *sql, const struct inbox_session *s,
                    const char *filter)
{
    sqlite3_stmt *q = NULL;
    enum err e = prepare(i, sql, s, &q);
    if (e == ERR_OK && filter != NULL) {
        sqlite3_bind_text(q, 3, filter, -1, SQLITE_STATIC);
    }
    e = e != ERR_OK ? e : sqlite_step_done(i->db, q);
    sqlite3_finalize(q);
    return e;
}

struct noting {
    const struct inbox_session *session;
    bool afresh;
    const char *const *filters;
    size_t count;
};

static enum err note(struct inbox *i, void *arg)
{
    const struct noting *n = arg;
    enum err e = ERR_OK;
    if (n->afresh) {
        e = run(i, "DELETE FROM filters WHERE broker = ?1 AND client_id = ?2", n->session,
                NULL);
    }
    for (size_t k = 0; k < n->count && e == ERR_OK; k++) {
        e = run(i, "INSERT OR IGNORE INTO filters VALUES(?1, ?2, ?3)", n->session,
                n->filters[k]);
    }
    return e;
}

enum err inbox_note_filters(struct inbox *i, const struct inbox_session *s, bool afresh,
                            const char *const *filters, size_t count)
{
    struct noting n = {
        .session = s, .afresh = afresh, .filters = filters, .count = count};
    return inbox_commit_more(i, &(const struct inbox_more){note, &n, false});
}

static enum err forget(struct inbox *i, void *arg)
{
    const struct noting *n = arg;
    return run(i,
               "DELETE FROM filters WHERE broker = ?1 AND client_id = ?2 AND filter = ?3",
               n->session, n->filters[0]);
}

enum err inbox_forget_filter(struct inbox *i, const struct inbox_session *s,
                             const char *filter)
{
    struct noting n = {.session = s, .filters = &filter, .count = 1};
    return inbox_commit_more(i, &(const struct inbox_more){forget, &n, true});
}

enum err inbox_list_filters(struct inbox *i, const struct inbox_session *s, void *arg,
                            enum err (*row)(void *arg, const char *filter))
{
    sqlite3_stmt *q = NULL;
    int step = SQLITE_DONE;
    pthread_mutex_lock(&i->writing);
    enum err e = prepare(i,
                         "SELECT filter FROM filters WHERE broker = ?1 AND client_id = ?2"
                         " ORDER BY filter",
                         s, &q);
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW) {
        e = row(arg, sqlite_text(q, 0));
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(i->db, NULL) : e;
    sqlite3_finalize(q);
    pthread_mutex_unlock(&i->writing);
    return e;
}
