/* SPDX-License-Identifier: EUPL-1.2 */
/* Files to CKAN's resources. A file counts as there only once it was downloaded. */
#include "base/text.h"
#include "publish/ckan_call.h"
#include "publish/ckan_dataset.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FORM_PARTS = 16, WHAT_SIZE = 200 };

static json_t *find_resource(const struct ckan *c, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(c->package, "resources"), i, one)
    {
        if (strcmp(ckan_get_text(one, "name"), name) == 0) {
            return one;
        }
    }
    return NULL;
}

static bool claims(const json_t *resource, const struct publish_output *o)
{
    char hex[HASH_HEX];
    const json_t *size = json_object_get(resource, "size");
    bool fits = !json_is_integer(size) || json_integer_value(size) == o->bytes;
    return fits &&
           strcmp(ckan_get_text(resource, "hash"), hash_hex(&o->hash, hex)) == 0 &&
           strcmp(ckan_get_text(resource, "url_type"), "upload") == 0;
}

/* When CKAN says that the file changed; its own time of creation where it never did. */
static const char *stamp_of(const json_t *resource)
{
    const char *stamp = ckan_get_text(resource, "last_modified");
    return stamp[0] != '\0' ? stamp : ckan_get_text(resource, "created");
}

/* Downloads what the portal serves and writes it into the ledger.
 * ERR_IO: other bytes than ours. */
static enum err prove(struct ckan *c, const json_t *resource,
                      const struct publish_output *o)
{
    char path[700];
    struct diag d = {.text = ""};
    struct publish_receipt r = {
        .output = o, .id = ckan_get_text(resource, "id"), .stamp = stamp_of(resource)};
    snprintf(path, sizeof path, "/dataset/%.128s/resource/%.128s/download/%.240s",
             c->package_id, r.id, o->name);
    enum err e = http_download(c->http, path, c->job->scratch, o->bytes, &c->answer, &d);
    c->result->requests++;
    if (e == ERR_OK && c->answer.status >= 500) {
        e = ERR_NETWORK;
    }
    if (e != ERR_OK && e != ERR_FULL) {
        snprintf(c->result->sentence, sizeof c->result->sentence,
                 "%s was sent and could not be read back: %s", o->name,
                 d.text[0] != '\0' ? d.text : err_text(e));
        return e;
    }
    /* Another status: the portal keeps files elsewhere, or private; nothing is proven. */
    r.is_read = e == ERR_FULL || c->answer.status == 200;
    if (e == ERR_OK && r.is_read) {
        e = hash_file(c->job->scratch, &r.read);
    }
    bool same =
        e == ERR_OK && (!r.is_read || memcmp(&r.read, &o->hash, sizeof r.read) == 0);
    enum err kept = c->job->record(c->job->arg, &r);
    if (same || kept != ERR_OK) {
        return kept;
    }
    c->result->alarm = true;
    snprintf(c->result->sentence, sizeof c->result->sentence,
             "the portal serves other bytes of %s than were sent; it will be sent again",
             o->name);
    return ERR_IO;
}

static size_t fill_form(struct http_part parts[FORM_PARTS], const json_t *fields)
{
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)fields, key, value)
    {
        if (count < FORM_PARTS - 2) {
            parts[count++] =
                (struct http_part){.name = key, .text = json_string_value(value)};
        }
    }
    return count;
}

static enum err patch_resource(struct ckan *c, const json_t *resource,
                               const json_t *fields, const struct publish_output *o)
{
    json_t *patch = ckan_make_resource_patch(fields, resource);
    enum err e = patch == NULL ? ERR_MEMORY : ERR_OK;
    if (e == ERR_OK && json_object_size(patch) > 0) {
        json_object_set_new(patch, "id", json_string(ckan_get_text(resource, "id")));
        e = ckan_call(c, "resource_patch", patch, o->name, NULL);
    }
    json_decref(patch);
    return e;
}

/* A file that is too large is a link to where the export folder is served. */
static json_t *make_link(const struct ckan *c, const struct publish_output *o)
{
    char url[1024];
    const char *base = c->job->configuration->publish_base_url;
    size_t length = strlen(base);
    const char *dataset = c->job->dataset->dataset;
    bool month = strcmp(o->period, "current") != 0;
    snprintf(url, sizeof url, "%s%s%s/%.*s%s", base,
             length > 0 && base[length - 1] == '/' ? "" : "/", dataset, month ? 4 : 0,
             o->period, month ? "/" : "");
    json_t *fields = ckan_make_resource(c->job, o);
    json_t *address = json_pack("s++", url, o->name, "");
    if (fields == NULL || address == NULL ||
        json_object_set_new(fields, "url", address) != 0) {
        json_decref(fields);
        return NULL;
    }
    return fields;
}

static enum err place_link(struct ckan *c, const struct publish_output *o)
{
    char text[512];
    const json_t *resource = find_resource(c, o->name);
    json_t *fields = make_link(c, o);
    enum err e = fields == NULL ? ERR_MEMORY : ERR_OK;
    if (e == ERR_OK && resource == NULL) {
        json_object_set_new(fields, "package_id", json_string(c->package_id));
        e = ckan_call(c, "resource_create", fields, o->name, NULL);
    } else if (e == ERR_OK) {
        bool uploaded = strcmp(ckan_get_text(resource, "url_type"), "upload") == 0;
        if (uploaded) { /* the file that was there must not stay as the link's target */
            json_object_set_new(fields, "clear_upload", json_string("true"));
        }
        e = patch_resource(c, resource, fields, o);
    }
    json_decref(fields);
    snprintf(text, sizeof text,
             "%.240s has %.1f MB, the target takes %g MB: it is a link there", o->name,
             (double)o->bytes / 1048576, c->job->target->max_file_mb);
    if (e == ERR_OK) {
        c->links++;
        ckan_say(c, text);
    }
    return e;
}

static enum err too_large(struct ckan *c, const struct publish_output *o)
{
    char text[512];
    snprintf(text, sizeof text,
             "%.240s has %.1f MB, the target takes %g MB and it cannot be split further: "
             "it is not in the portal; publish.base_url would make it a link",
             o->name, (double)o->bytes / 1048576, c->job->target->max_file_mb);
    ckan_say(c, text);
    return ERR_FULL;
}

static enum err refused_as_too_large(struct ckan *c, const struct publish_output *o)
{
    char why[120];
    char text[700];
    text_copy(why, sizeof why, c->result->sentence);
    snprintf(text, sizeof text,
             "%.240s has %.2f MB, below the %g MB of max_file_mb, and the portal takes "
             "less: %s; set max_file_mb lower and it is split",
             o->name, (double)o->bytes / 1048576, c->job->target->max_file_mb, why);
    ckan_say(c, text);
    return ERR_FULL;
}

/* File, hash and fields in one call: a file sent alone would leave the old hash. */
static enum err upload(struct ckan *c, const char *id, const json_t *fields,
                       const struct publish_output *o)
{
    struct http_part parts[FORM_PARTS];
    json_t *resource = NULL;
    char what[WHAT_SIZE];
    struct diag d = {.text = ""};
    const char *action = id != NULL ? "resource_patch" : "resource_create";
    char path[64];
    if (ckan_may_not_write(c)) {
        return ERR_NETWORK;
    }
    size_t count = fill_form(parts, fields);
    parts[count++] =
        id != NULL ? (struct http_part){.name = "id", .text = id}
                   : (struct http_part){.name = "package_id", .text = c->package_id};
    parts[count++] =
        (struct http_part){.name = "upload", .text = o->name, .path = o->path};
    snprintf(path, sizeof path, "/api/3/action/%s", action);
    snprintf(what, sizeof what, "%s %.160s", action, o->name);
    enum err e = http_post_form(c->http, path, parts, count, &c->answer, &d);
    e = ckan_judge(c, e, what, &d, &resource);
    if (e == ERR_FULL) {
        return refused_as_too_large(c, o);
    }
    if (e == ERR_OK) {
        c->result->uploads++;
        e = prove(c, resource, o);
    }
    json_decref(resource);
    return e;
}

/* A file that the portal says it has: true if that is proven, by the ledger or now. */
static bool holds(struct ckan *c, const json_t *resource, const struct publish_output *o,
                  enum err *e)
{
    if (!claims(resource, o)) {
        c->result->alarm = c->result->alarm || o->proven;
        return false;
    }
    if (o->proven && strcmp(ckan_get_text(resource, "id"), o->id) == 0 &&
        strcmp(stamp_of(resource), o->stamp) == 0) {
        return true;
    }
    *e = prove(c, resource, o);
    bool other_bytes = *e == ERR_IO;
    if (other_bytes) {
        *e = ERR_OK; /* and goes up again */
    }
    return !other_bytes;
}

static enum err place_output(struct ckan *c, const struct publish_output *o)
{
    if (o->too_large) {
        bool served = c->job->configuration->publish_base_url != NULL;
        return served ? place_link(c, o) : too_large(c, o);
    }
    json_t *fields = ckan_make_resource(c->job, o);
    const json_t *resource = find_resource(c, o->name);
    enum err e = fields == NULL ? ERR_MEMORY : ERR_OK;
    if (e == ERR_OK && resource == NULL) {
        c->result->alarm = c->result->alarm || o->proven;
        e = upload(c, NULL, fields, o);
    } else if (e == ERR_OK) {
        bool there = holds(c, resource, o, &e);
        if (e == ERR_OK && !there) {
            e = upload(c, ckan_get_text(resource, "id"), fields, o);
        } else if (e == ERR_OK) {
            e = patch_resource(c, resource, fields, o);
        }
    }
    json_decref(fields);
    return e;
}

enum err ckan_place_outputs(struct ckan *c)
{
    enum err first = ERR_OK;
    char sentence[OUTBOX_SENTENCE] = "";
    for (size_t i = 0; i < c->job->output_count; i++) {
        enum err e = place_output(c, &c->job->outputs[i]);
        if (e != ERR_OK && (err_class(e) != ERR_CLASS_REJECT || e == ERR_REFUSED)) {
            return e;
        }
        if (e != ERR_OK && first == ERR_OK) {
            first = e;
            text_copy(sentence, sizeof sentence, c->result->sentence);
        }
    }
    if (first != ERR_OK) {
        ckan_say(c, sentence);
    }
    return first;
}

static bool is_wanted(const struct ckan *c, const json_t *resource)
{
    const char *name = ckan_get_text(resource, "name");
    for (size_t i = 0; i < c->job->output_count; i++) {
        if (strcmp(c->job->outputs[i].name, name) == 0) {
            return find_resource(c, name) == resource; /* a second one is not */
        }
    }
    return false;
}

enum err ckan_remove_replaced(struct ckan *c)
{
    size_t i;
    json_t *one;
    enum err e = ERR_OK;
    json_array_foreach(json_object_get(c->package, "resources"), i, one)
    {
        const char *name = ckan_get_text(one, "name");
        if (is_wanted(c, one) || !ckan_is_our_file(c->job->dataset->dataset, name)) {
            continue;
        }
        json_t *body = json_pack("{s:s}", "id", ckan_get_text(one, "id"));
        e = ckan_call(c, "resource_delete", body, name, NULL);
        json_decref(body);
        if (e != ERR_OK && e != ERR_ABSENT) {
            return e;
        }
        e = find_resource(c, name) == one ? c->job->forget(c->job->arg, name) : ERR_OK;
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}
