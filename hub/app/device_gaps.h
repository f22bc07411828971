/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_DEVICE_GAPS_H
#define APP_DEVICE_GAPS_H

/* kogge devices gaps: frames that did not come, by device, hole and hour. Threads: main.
 */

#include "app/command.h"

int device_gaps(struct invocation *i);

#endif
