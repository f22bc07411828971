/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef RESOLVE_RESOLVE_H
#define RESOLVE_RESOLVE_H

/* Device and field of a reading to the place it belongs to, by what held at its time.
 * Pure. Threads: any. */

#include "base/arena.h"
#include "model/configuration.h"
#include "model/place.h"
#include "model/reading.h"

/* Finds the place of r, received from source.
 *   OUTCOME_STORED    *out is filled
 *   OUTCOME_PENDING   the configuration lacks something that can be added
 *   OUTCOME_REJECTED  the message is wrong, or speaks for another city
 *   OUTCOME_IGNORED   the model does not want it
 * problem: a sentence in a for pending and rejected, else NULL. */
enum outcome resolve_reading(const struct configuration *c, const struct source *source,
                             const struct reading *r, struct arena *a, struct place *out,
                             const char **problem);

/* Judges the reading alone, before any place: has it a number or "missing", a time, a
 * unit? OUTCOME_STORED if it is usable; else rejected or ignored, with problem. */
enum outcome resolve_usable(const struct reading *r, const char **problem);

#endif
