/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRID_SERIES_H
#define APP_GRID_SERIES_H

/* How a series of the store is put on grids, by the configuration. Threads: any. */

#include "base/err.h"
#include "base/hash.h"
#include "grid/cell.h"
#include "model/configuration.h"
#include "model/observation.h"

/* The rule of a series; out is yours, end it with grid_series_fini. Intervals are those
 * of the devices that stood at the station and measure it; a hole between two keeps the
 * interval of the one before. ERR_ABSENT: its parameter isn't in the configuration, or is
 * housekeeping: no grids. ERR_MEMORY */
MUST_USE enum err grid_series_rule(const struct configuration *c,
                                   const struct series_key *key, struct grid_rule *out);
void grid_series_fini(struct grid_rule *rule); /* also one of zeros */

/* What cells follow from beside the samples. */
MUST_USE enum err grid_series_hash(const struct grid_rule *rule, struct hash *out);

struct grid_sample grid_series_sample(const struct observation_row *row);

#endif
