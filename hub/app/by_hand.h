/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_BY_HAND_H
#define APP_BY_HAND_H

/* What people did that holds for a value, as trace tells it: as JSON, and for people.
 * Threads: main. */

#include "model/observation.h"
#include "normalise/normalise.h"

#include <jansson.h>

/* What the calibration in force did to the value; null: there is none. Yours. */
json_t *by_hand_calibration(const struct normalised *value);
void by_hand_print_calibration(json_t *told);

/* What was set in the sensor where it stands; null: nothing is known. Yours. */
json_t *by_hand_settings(const struct placement *p);
void by_hand_print_settings(json_t *told);

/* What was said of row's time at its station: an object with "maintenance", "flag"
 * and "state", each null where there is none. s NULL: housekeeping. Yours. */
json_t *by_hand_windows(const struct station *s, const struct observation_row *row);
void by_hand_print_windows(json_t *told);

#endif
