/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/replaying.h"

#include "app/answers.h"
#include "app/command.h"

#include <stdio.h>
#include <stdlib.h>

char *replaying_request(const struct replay_filter *filter)
{
    json_t *request = json_pack("{s:s, s:s, s:I}", "verb", "replay", "reason",
                                filter->reason, "since_us", (json_int_t)filter->since_us);
    char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    return line;
}

struct replay_filter replaying_filter(const json_t *request)
{
    const char *reason = json_string_value(json_object_get(request, "reason"));
    const json_t *since = json_object_get(request, "since_us");
    return (struct replay_filter){
        .fate = FATE_REJECTED,
        .reason = reason != NULL ? reason : "",
        .since_us = json_is_integer(since) ? json_integer_value(since) : INT64_MIN};
}

static void tell_progress(void *arg, const struct pipeline_progress *p)
{
    answers_progress(arg, p);
}

static void tell_result(const struct answers *to, const struct replay_result *r)
{
    char text[400];
    int length = snprintf(text, sizeof text, "%lld message%s replayed",
                          (long long)r->messages, r->messages == 1 ? "" : "s");
    const char *before = ": ";
    if (r->messages == 0) {
        length =
            snprintf(text, sizeof text, "nothing to replay: no rejected message fits");
    }
    for (int f = 0; f < FATE_COUNT; f++) {
        if (r->fates[f] > 0 && length > 0 && (size_t)length < sizeof text) {
            length += snprintf(text + length, sizeof text - (size_t)length, "%s%lld %s",
                               before, (long long)r->fates[f], fate_text((enum fate)f));
            before = ", ";
        }
    }
    answers_send(to, json_pack("{s:s}", "text", text));
}

enum err replaying_run(struct pipeline *p, const void *filter, void *arg,
                       void (*line)(void *arg, const char *line), int *exit_code,
                       struct diag *d)
{
    struct answers to = {arg, line};
    struct replay_result result;
    enum err e = pipeline_replay(p, filter, &to, tell_progress, &result, d);
    if (e == ERR_OK) {
        tell_result(&to, &result);
        *exit_code = result.fates[FATE_REJECTED] > 0 ? EXIT_FINDINGS : EXIT_DONE;
    }
    return e;
}
