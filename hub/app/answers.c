/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/answers.h"

#include <stdlib.h>

void answers_send(const struct answers *to, json_t *line)
{
    char *text = line != NULL && to->line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text != NULL) {
        to->line(to->arg, text);
    }
    free(text);
    json_decref(line);
}

void answers_progress(const struct answers *to, const struct pipeline_progress *p)
{
    answers_send(to, json_pack("{s:{s:s, s:I, s:I}}", "progress", "what", p->what, "done",
                               (json_int_t)p->done, "of", (json_int_t)p->of));
}
