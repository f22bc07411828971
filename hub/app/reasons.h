/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_REASONS_H
#define APP_REASONS_H

/* Why a stored observation has its flags: each test is run again by a configuration on
 * what is stored around the observation, as the judge does (judge.h), and says what it
 * saw. Where the flag that is stored differs, that is said. Reads only. Threads: main. */

#include "model/configuration.h"
#include "quality/reason.h"
#include "store/store.h"

struct reasons; /* opaque */

/* store and c outlive it. ERR_MEMORY. Close with reasons_close (NULL is fine). */
MUST_USE enum err reasons_open(struct store_reader *store, const struct configuration *c,
                               struct reasons **out);
void reasons_close(struct reasons *r);

/* The flag of one test. Borrowed for the call. */
struct reasons_test {
    const char *test;
    enum quality flag;  /* as it is stored */
    enum quality today; /* by the configuration; NONE: it would not run */
    const char *source; /* of the settings; "ours": not said; NULL: none */
    const char *text[LANGUAGES];
};

/* Calls put for each flag of row, which a row source of the store stands at. */
MUST_USE enum err reasons_tell(struct reasons *r, const struct observation_row *row,
                               void *arg,
                               void (*put)(void *arg, const struct reasons_test *t));

#endif
