/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_READ_CHECK_H
#define CONFIG_READ_CHECK_H

/* Settings of a quality test out of JSON, by the rows of its arguments. Private to
 * config. */

#include "config/parse.h"
#include "quality/quality.h"

/* Settings of check from object at the current place, in p->memory; faults and findings
 * go to p. NULL: no memory. */
void *read_check(struct parse *p, const struct check *check, enum quality_mode mode,
                 const json_t *object);

/* All tests of object, as the hub runs them, with those of its "where". Texts and
 * settings are in p->memory. */
struct test_list read_tests(struct parse *p, const json_t *object);

#endif
