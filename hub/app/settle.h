/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_SETTLE_H
#define APP_SETTLE_H

/* What the files share that put observations in their place: a row of a batch against
 * what stands in the store, and messages asked for on the way. Threads: as batch.h. */

#include "app/batch.h"

/* Settles row against what stands in the store (settle.c): adds its outcome to its
 * message and moves those of other messages that change with it. together: its flags if
 * nothing stands there (*inserted); row->o.tests are those of tests that look at it
 * alone, and if it takes the place of another one, the others are judged again. */
MUST_USE enum err batch_settle(struct batch *b, struct batch_row *row,
                               quality_tests together, bool *inserted);

/* Whether the flags of all tests are the same, wherever the time comes from. */
bool batch_same_flags(quality_tests a, quality_tests b);

/* Id of the series of an item. */
MUST_USE enum err batch_series(struct batch *b, const struct work_item *item,
                               int32_t *id);

/* Station of an item; of housekeeping the device stands in its place. */
const char *batch_station(const struct work_item *item);

/* True if an observation of that station, or device, and time is in the scope. */
bool batch_in_scope(const struct batch_scope *scope, const char *station,
                    int64_t time_us);

/* Notes the devices whose readings wait. */
MUST_USE enum err batch_note_pending(struct batch *b, const struct booking *of,
                                     const struct work *work);

/* Rules and rank of a message, by the configuration; false: no such source. */
bool batch_rules(const struct batch *b, const struct message *m, struct work_rules *out);
/* The city that a message is booked for: that of its source, else of the first device of
 * it that is registered. */
const char *batch_city(const struct batch *b, const struct source *source,
                       const struct work *work);
struct rank batch_rank(const struct decoded *decoded);

#endif
