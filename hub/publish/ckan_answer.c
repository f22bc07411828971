/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/ckan_answer.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ERRORS_CEILING = 1024 };

static bool may_pass(long status)
{
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

static enum err err_of_status(long status)
{
    if (may_pass(status)) {
        return ERR_NETWORK;
    }
    if (status == 401 || status == 403) {
        return ERR_REFUSED;
    }
    return status == 413 ? ERR_FULL : ERR_CONFIG;
}

/* Not JSON: a page of the web server, of a proxy, or of CKAN itself. */
static enum err page(long status, const char *type, const char *what, char *text,
                     size_t size)
{
    const char *kind = strcmp(type, "text/html") == 0 ? "an HTML page" : "no JSON";
    const char *why = "";
    if (status == 413) {
        why = ": the portal, or a proxy before it, takes no request of that size";
    } else if (status == 404 || status == 405) {
        why = ": there is no CKAN at that address; see the target's url";
    } else if (status >= 300 && status < 400) {
        why = ": the portal has moved; write its new address into the target's url";
    }
    snprintf(text, size, "%s: HTTP %ld with %s%s", what, status, kind, why);
    if (status >= 200 && status < 300) {
        return ERR_NETWORK; /* a captive page, or an answer that was cut */
    }
    return err_of_status(status);
}

static void put_escaped(struct buf *b, const char *text)
{
    char said[ERRORS_CEILING / 2];
    buf_put_text(b, text_escape(said, sizeof said, text, strlen(text)));
}

static void put_reason(struct buf *b, const json_t *reason)
{
    if (json_is_string(reason)) {
        put_escaped(b, json_string_value(reason));
        return;
    }
    size_t i;
    const json_t *one;
    json_array_foreach(reason, i, one)
    {
        if (json_is_string(one)) {
            buf_put_text(b, i > 0 ? ", " : "");
            put_escaped(b, json_string_value(one));
        }
    }
}

/* "name: That URL is already in use.; owner_org: ..." */
static void put_errors(struct buf *b, const json_t *error)
{
    const char *field;
    const json_t *reason;
    const json_t *message = json_object_get(error, "message");
    if (json_is_string(message)) {
        put_escaped(b, json_string_value(message));
        return;
    }
    bool first = true;
    json_object_foreach((json_t *)(uintptr_t)error, field, reason)
    {
        if (strcmp(field, "__type") == 0 ||
            !(json_is_string(reason) || json_is_array(reason))) {
            continue;
        }
        buf_put_text(b, first ? "" : "; ");
        put_escaped(b, field);
        buf_put_text(b, ": ");
        put_reason(b, reason);
        first = false;
    }
}

static bool is_type(const json_t *error, const char *type)
{
    const char *is = json_string_value(json_object_get(error, "__type"));
    return is != NULL && strcmp(is, type) == 0;
}

static enum err err_of_error(long status, const json_t *error)
{
    if (is_type(error, "Not Found Error")) {
        return ERR_ABSENT;
    }
    if (is_type(error, "Authorization Error")) {
        return ERR_REFUSED;
    }
    /* The words follow the portal's language, the name of the field does not. */
    if (is_type(error, "Validation Error") && json_object_get(error, "upload") != NULL) {
        return ERR_FULL;
    }
    return status >= 200 && status < 300 ? ERR_CONFIG : err_of_status(status);
}

static enum err failure(long status, const json_t *answer, const char *what, char *text,
                        size_t size)
{
    const json_t *error = json_object_get(answer, "error");
    struct buf b;
    char said[ERRORS_CEILING];
    buf_init(&b, ERRORS_CEILING);
    if (json_is_string(answer)) { /* "Bad request - Action name not known: ..." */
        put_escaped(&b, json_string_value(answer));
    } else {
        put_errors(&b, error);
    }
    text_copy(said, sizeof said, buf_text(&b));
    buf_fini(&b);
    enum err e =
        json_is_object(error) ? err_of_error(status, error) : err_of_status(status);
    const char *how =
        e == ERR_REFUSED ? "the portal refuses; does the token have the right? " : "";
    char whole[ERRORS_CEILING + 256];
    snprintf(whole, sizeof whole, "%s: HTTP %ld: %s%s", what, status, how,
             said[0] != '\0' ? said : "no reason given");
    text_copy(text, size, whole);
    return e;
}

enum err ckan_parse_answer(const struct http_answer *a, const char *what, json_t **result,
                           char *text, size_t size)
{
    text[0] = '\0';
    if (strcmp(a->type, "application/json") != 0) {
        return page(a->status, a->type, what, text, size);
    }
    json_t *answer =
        json_loadb(buf_text(&a->body), a->body.length, JSON_DECODE_ANY, NULL);
    if (answer == NULL) {
        snprintf(text, size, "%s: HTTP %ld with JSON that cannot be read", what,
                 a->status);
        return a->status < 400 ? ERR_NETWORK : err_of_status(a->status);
    }
    enum err e = ERR_OK;
    if (a->status != 200 || !json_is_true(json_object_get(answer, "success"))) {
        e = failure(a->status, answer, what, text, size);
    } else if (result != NULL) {
        json_t *found = json_object_get(answer, "result");
        *result = found != NULL ? json_incref(found) : json_null();
    }
    json_decref(answer);
    return e;
}
