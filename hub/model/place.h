/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_PLACE_H
#define MODEL_PLACE_H

#include "model/station.h"

/* Where a reading belongs. */
struct place {
    const struct device *device;
    const struct placement *placement; /* NULL for housekeeping of a device not placed */
    const struct station *station;     /* NULL for housekeeping */
    const char *position;
    const char *origin;
    enum pressure_reference pressure;
};

#endif
