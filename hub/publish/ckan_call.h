/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_CKAN_CALL_H
#define PUBLISH_CKAN_CALL_H

/* One push to CKAN under way, and its calls. Threads: one owner. */

#include "publish/http.h"
#include "publish/publish.h"

#include <jansson.h>

struct ckan {
    const struct publish_job *job;
    struct publish_result *result;
    struct http *http;
    struct http_answer answer;
    bool look_only; /* ERR_NETWORK where something would have to be sent */
    bool wrote;
    int links;            /* files that are too large and became links */
    json_t *package;      /* as the portal shows it */
    char package_id[128]; /* names may be used twice once one was deleted */
};

/* Sets the result's sentence. */
void ckan_say(struct ckan *c, const char *text);

/* A text of an object, "" if it has none of that key; borrowed. */
const char *ckan_get_text(const json_t *o, const char *key);

/* What an exchange that gave e came to, as ckan_parse_answer; said where it failed. */
MUST_USE enum err ckan_judge(struct ckan *c, enum err e, const char *what,
                             const struct diag *d, json_t **result);

/* A look: action with one parameter id. result may be NULL. */
MUST_USE enum err ckan_show(struct ckan *c, const char *action, const char *id,
                            json_t **result);

/* True if nothing may be sent in this pass; else counts a write. */
bool ckan_may_not_write(struct ckan *c);

/* A change: action with a JSON body, on the thing named of. result may be NULL. */
MUST_USE enum err ckan_call(struct ckan *c, const char *action, const json_t *body,
                            const char *of, json_t **result);

/* All outputs of the job into c->package. Later files are tried too where the portal
 * refuses one; the first refusal is given. */
MUST_USE enum err ckan_place_outputs(struct ckan *c);

/* Removes files of ours that others replace: a whole month by its pieces, or the other
 * way. */
MUST_USE enum err ckan_remove_replaced(struct ckan *c);

#endif
