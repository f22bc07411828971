/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_DUMP_H
#define APP_DUMP_H

/* What makes two stores the same: one sorted line an observation, tab-separated: city,
 * station, parameter, position, origin, time, value, raw value and unit, flags of all
 * tests, SHA-256 of the message. Threads: one owner of the readers at a time. */

#include "base/diag.h"
#include "base/err.h"
#include "store/inbox_reader.h"
#include "store/store.h"

#include <stdio.h>

/* Writes all lines to to. ERR_IO: the store or to failed. */
MUST_USE enum err dump_write(struct store_reader *store, struct inbox_reader *inbox,
                             FILE *to, struct diag *d);

#endif
