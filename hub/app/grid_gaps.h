/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRID_GAPS_H
#define APP_GRID_GAPS_H

/* kogge grids gaps: when nothing came of a series, and why. Threads: main. */

#include "app/command.h"

int grid_show_gaps(struct invocation *i);

#endif
