/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_SETTINGS_H
#define QUALITY_SETTINGS_H

/* Which settings of a test the hub uses for an observation: the last row that fits of its
 * station's, else of its parameter's. Pure. */

#include "quality/quality.h"

/* NULL: the test does not run. Borrowed from the configuration. */
const struct test_settings *quality_settings(const struct check_input *in,
                                             const struct check *check);

#endif
