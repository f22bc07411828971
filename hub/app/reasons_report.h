/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_REASONS_REPORT_H
#define APP_REASONS_REPORT_H

/* Reasons of flags for programs and for people. Threads: main. */

#include "app/reasons.h"

#include <jansson.h>

struct invocation;

/* --language, else what LC_ALL, LC_MESSAGES or LANG begins with; English where it is not
 * German. False: --language is another one. */
bool reasons_language(const struct invocation *i, enum language *out);

/* For reasons_tell: puts {"spike_test": {"de": ..., "en": ..., "source": ...}} into the
 * object arg; source is null where a flag hangs on no settings. */
void reasons_put_json(void *arg, const struct reasons_test *t);

/* That object for people: a line for each test, then where the limits come from. */
void reasons_print(json_t *reasons, enum language language);

#endif
