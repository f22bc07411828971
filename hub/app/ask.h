/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_ASK_H
#define APP_ASK_H

/* Verbs that let the running hub do something, or do it themselves while it is down.
 * Threads: main. */

#include "app/command.h"
#include "app/publishing.h"
#include "app/replay.h"

/* Asks the hub of the data folder and prints its lines. EXIT_NOT_REACHED: none runs. */
int ask_hub(const struct invocation *i, const char *request);

/* The same for a reload after a new file was written; no running hub is fine. */
int ask_reload(const struct invocation *i);

/* The same; if no hub runs, a round is done here, under the lock. */
int ask_round(const struct invocation *i, const char *request, enum publishing_work work);

/* Works on rejected messages again, in the hub; if none runs, here, under the lock. */
int ask_replay(const struct invocation *i, const struct replay_filter *filter);

#endif
