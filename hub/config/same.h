/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_SAME_H
#define CONFIG_SAME_H

/* Whether what was done at a station says the same in two configurations. Private to
 * config. */

#include "model/calibration.h"

#include <stdbool.h>
#include <stddef.h>

bool same_correction_limits(const struct correction_limits *a,
                            const struct correction_limits *b);
bool same_calibrations(const struct calibration *a, size_t a_count,
                       const struct calibration *b, size_t b_count);
/* Reasons and names do not count: no value comes out differently. */
bool same_windows(const struct windows *a, const struct windows *b);

#endif
