/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

/* What the store knows beside observations: books, messages with a story, devices that
 * wait, conflicts, revisions. Each function calls row for each entry; strings are
 * borrowed for the call. Threads: as store.h. */

#include "store/nearby.h"
#include "store/store.h"

/* Books of a source and city. */
struct report_books {
    const char *source, *city; /* city "": not known */
    int64_t arrival_us;        /* of the last message; CLOCK_NONE: none */
    int64_t fates[FATE_COUNT];
    int64_t outcomes[OUTCOME_COUNT];
};
MUST_USE enum err report_books(struct store_reader *r, void *arg,
                               void (*row)(void *arg, const struct report_books *b));

/* Inbox id up to which messages were worked on. */
MUST_USE enum err report_cursor(struct store_reader *r, int64_t *id);

/* Messages that are not simply stored, by fate (FATE_COUNT: any), newest first, at most
 * most; or the one with id. */
struct report_message {
    int64_t id;
    const char *source;
    enum fate fate;
    int64_t outcomes[OUTCOME_COUNT];
    const char *stage, *device, *reason;
};
MUST_USE enum err report_messages(struct store_reader *r, enum fate fate, int64_t most,
                                  void *arg,
                                  void (*row)(void *arg, const struct report_message *m));
/* How many messages of that fate have an id below id, and the first of them; 0: none. */
MUST_USE enum err report_count_below(struct store_reader *r, enum fate fate, int64_t id,
                                     int64_t *count, int64_t *first);

/* ERR_ABSENT: it is simply stored, or not worked on yet, or not there. */
MUST_USE enum err report_message(struct store_reader *r, int64_t id, void *arg,
                                 void (*row)(void *arg, const struct report_message *m));

/* Devices whose messages wait, one row a field; field "": the messages. reason: why the
 * last one waits. */
struct report_pending {
    const char *source, *device, *field, *reason;
    int64_t count, first_us, last_us;
};
MUST_USE enum err report_pending(struct store_reader *r, void *arg,
                                 void (*row)(void *arg, const struct report_pending *p));

/* Values that lost against the one that is held. */
struct report_conflict {
    struct series_key key;
    const char *unit;
    int64_t time_us;
    double held, kept; /* NAN: missing */
    int64_t held_message, kept_message;
    bool chosen; /* the held one, by hand */
};
MUST_USE enum err report_conflicts(struct store_reader *r, void *arg,
                                   void (*row)(void *arg,
                                               const struct report_conflict *c));

/* Whose value somebody chose at (series, time); 0: nobody did. */
MUST_USE enum err report_choice(struct store_reader *r, int32_t series, int64_t time_us,
                                int64_t *message);

/* What stood at (series, time) before, oldest first. */
struct report_revision {
    double value;
    int64_t message;
};
MUST_USE enum err
report_revisions(struct store_reader *r, int32_t series, int64_t time_us, void *arg,
                 void (*row)(void *arg, const struct report_revision *v));

/* The last one at a station, parameter and time at which nothing stands any more.
 * ERR_ABSENT: none. */
MUST_USE enum err report_withdrawn(struct store_reader *r, const char *station,
                                   const char *parameter, int64_t time_us,
                                   struct report_revision *out);

/* Points of one series in [from_us, to_us], oldest first. While a row source of r stands
 * at a row, they are of the same view as that row. */
MUST_USE enum err report_points(struct store_reader *r, int32_t series, int64_t from_us,
                                int64_t to_us, void *arg,
                                void (*row)(void *arg, const struct store_point *p));

#endif
