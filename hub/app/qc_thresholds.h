/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_QC_THRESHOLDS_H
#define APP_QC_THRESHOLDS_H

/* `kogge qc thresholds FILE.csv...`: a tests file for later values out of earlier ones of
 * the same place, on standard output. The rule: quality/thresholds.h. Threads: main. */

#include "app/command.h"

int qc_thresholds_run(struct invocation *i);

#endif
