/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_CURRENT_H
#define APP_CURRENT_H

/* The configuration that holds now, shared by threads: whoever uses one takes it and
 * gives it back; it is freed when nobody uses it and another holds. Threads: any. */

#include "model/configuration.h"

struct current; /* opaque */

/* c becomes current's. NULL: no memory (c is freed). */
struct current *current_open(struct configuration *c);
void current_close(struct current *c); /* all must have been given back; c may be NULL */

const struct configuration *current_take(struct current *c);
void current_give(struct current *c, const struct configuration *taken);

/* Room for one more, so that the next current_set can't fail. False: no memory. */
bool current_reserve(struct current *c);

/* From now on next holds; it becomes current's. current_reserve came before. */
void current_set(struct current *c, struct configuration *next);

#endif
