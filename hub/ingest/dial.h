/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_DIAL_H
#define INGEST_DIAL_H

/* Reaches a broker by TCP: name to numbers, then one after the other until one answers.
 * Never waits without looking at a wake descriptor, so that a stop is prompt even while
 * the name server is silent. Threads: one owner at a time. */

#include "base/err.h"
#include "ingest/address.h"

struct dial; /* opaque */

enum { DIAL_WHY = ADDRESS_TEXT + 128 };

/* Copies broker. ERR_MEMORY. */
MUST_USE enum err dial_open(const struct address *broker, struct dial **out);
void dial_close(struct dial *d); /* d may be NULL */

/* One try. fd: yours, non-blocking, without delay.
 * ERR_BUSY: wake (an eventfd) became readable; it was not read. ERR_NETWORK: not
 * reachable, why is a sentence without a full stop. A name is looked up anew when the
 * last answer is older than 5 s. */
MUST_USE enum err dial_run(struct dial *d, int wake, int *fd, char why[DIAL_WHY]);

#endif
