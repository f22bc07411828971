/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_DUPLICATE_TIMESTAMP_H
#define QUALITY_CHECKS_DUPLICATE_TIMESTAMP_H

/* Duplicate timestamp: do two points claim the same time?
 * Source: ioos_qc 3.0.0, argo.duplicate_timestamp_test. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

/* 3: another point of s has this time; else 1. It takes no settings. Both modes are the
 * same. */
enum quality duplicate_timestamp_judge(enum quality_mode mode, const struct stretch *s,
                                       size_t i);

extern const struct check check_duplicate_timestamp;

#endif
