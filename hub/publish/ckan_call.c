/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/ckan_call.h"

#include "base/text.h"
#include "publish/ckan_answer.h"

#include <stdio.h>
#include <stdlib.h>

enum { WHAT_SIZE = 200 };

void ckan_say(struct ckan *c, const char *text)
{
    text_copy(c->result->sentence, sizeof c->result->sentence, text);
}

const char *ckan_get_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "";
}

enum err ckan_judge(struct ckan *c, enum err e, const char *what, const struct diag *d,
                    json_t **result)
{
    char text[OUTBOX_SENTENCE];
    c->result->requests++;
    c->result->unreachable = e == ERR_NETWORK;
    if (e != ERR_OK) {
        snprintf(text, sizeof text, "%s: %s", what,
                 d->text[0] != '\0' ? d->text : err_text(e));
    } else {
        e = ckan_parse_answer(&c->answer, what, result, text, sizeof text);
    }
    if (e != ERR_OK) {
        ckan_say(c, text);
    }
    return e;
}

enum err ckan_show(struct ckan *c, const char *action, const char *id, json_t **result)
{
    char path[400];
    char what[WHAT_SIZE];
    struct diag d = {.text = ""};
    /* Names of ours need no escape in a URL: a-z, 0-9 and "-". */
    snprintf(path, sizeof path, "/api/3/action/%s?id=%.128s", action, id);
    snprintf(what, sizeof what, "%s %.128s", action, id);
    enum err e = http_get(c->http, path, &c->answer, &d);
    return ckan_judge(c, e, what, &d, result);
}

bool ckan_may_not_write(struct ckan *c)
{
    c->wrote = c->wrote || !c->look_only;
    c->result->writes += !c->look_only;
    return c->look_only;
}

enum err ckan_call(struct ckan *c, const char *action, const json_t *body, const char *of,
                   json_t **result)
{
    char path[100];
    char what[WHAT_SIZE];
    struct diag d = {.text = ""};
    if (ckan_may_not_write(c)) {
        return ERR_NETWORK;
    }
    char *text = json_dumps(body, JSON_COMPACT);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    snprintf(path, sizeof path, "/api/3/action/%s", action);
    snprintf(what, sizeof what, "%s %.128s", action, of);
    enum err e = http_post_json(c->http, path, text, &c->answer, &d);
    free(text);
    return ckan_judge(c, e, what, &d, result);
}
