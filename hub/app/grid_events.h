/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRID_EVENTS_H
#define APP_GRID_EVENTS_H

/* kogge grids events and kogge grids main: what the parameter's definitions of events
 * find in a series, and its hydrological main values. Threads: main. */

#include "app/command.h"

int grid_show_events(struct invocation *i);
int grid_show_main(struct invocation *i);

#endif
