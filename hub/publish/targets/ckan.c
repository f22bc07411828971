/* SPDX-License-Identifier: EUPL-1.2 */
/* CKAN by its action API. Every push begins by reading what the portal holds and sends
 * only what differs, so it may be broken off and repeated at any point: a 5xx can have
 * committed, and a file is proven only by downloading it. */
#include "base/text.h"
#include "publish/ckan_call.h"
#include "publish/ckan_dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- organisation and dataset --- */

static enum err ensure_organisation(struct ckan *c)
{
    const struct target *t = c->job->target;
    enum err e = ckan_show(c, "organization_show", t->organisation, NULL);
    if (e != ERR_ABSENT) {
        return e;
    }
    json_t *body = json_pack("{s:s,s:s}", "name", t->organisation, "title",
                             t->organisation_title != NULL ? t->organisation_title
                                                           : t->organisation);
    e = ckan_call(c, "organization_create", body, t->organisation, NULL);
    json_decref(body);
    if (e == ERR_CONFIG) { /* made by another in between? */
        char before[OUTBOX_SENTENCE];
        text_copy(before, sizeof before, c->result->sentence);
        if (ckan_show(c, "organization_show", t->organisation, NULL) == ERR_OK) {
            return ERR_OK;
        }
        ckan_say(c, before);
    }
    return e;
}

static void take_package(struct ckan *c, json_t *package)
{
    json_decref(c->package);
    c->package = package;
    text_copy(c->package_id, sizeof c->package_id, ckan_get_text(package, "id"));
}

/* c->package is what the portal shows, NULL: there is none. */
static enum err find_package(struct ckan *c)
{
    json_t *package = NULL;
    enum err e = ckan_show(c, "package_show", c->job->dataset->dataset, &package);
    if (e == ERR_ABSENT ||
        (e == ERR_OK && strcmp(ckan_get_text(package, "state"), "deleted") == 0)) {
        json_decref(package);
        take_package(c, NULL);
        return ERR_OK;
    }
    if (e == ERR_OK) {
        take_package(c, package);
    }
    return e;
}

static enum err create_package(struct ckan *c, json_t *wanted)
{
    json_t *package = NULL;
    enum err e = ensure_organisation(c);
    if (e != ERR_OK) {
        return e;
    }
    json_object_set_new(wanted, "owner_org", json_string(c->job->target->organisation));
    e = ckan_call(c, "package_create", wanted, c->job->dataset->dataset, &package);
    json_object_del(wanted, "owner_org");
    if (e == ERR_OK) {
        take_package(c, package);
        return ERR_OK;
    }
    if (e == ERR_CONFIG) { /* the name may be taken since we looked */
        char before[OUTBOX_SENTENCE];
        text_copy(before, sizeof before, c->result->sentence);
        if (find_package(c) == ERR_OK && c->package != NULL) {
            return ERR_OK;
        }
        ckan_say(c, before);
    }
    return e;
}

/* A dataset of that name that belongs to somebody else is never touched. */
static enum err check_owner(struct ckan *c)
{
    const char *ours = c->job->target->organisation;
    const json_t *owner = json_object_get(c->package, "organization");
    if (strcmp(ckan_get_text(owner, "name"), ours) == 0 ||
        strcmp(ckan_get_text(owner, "id"), ours) == 0) {
        return ERR_OK;
    }
    char name[100];
    text_escape(name, sizeof name, ckan_get_text(owner, "name"),
                strlen(ckan_get_text(owner, "name")));
    snprintf(c->result->sentence, sizeof c->result->sentence,
             "the portal has a dataset %s already, of organisation \"%s\", not \"%s\": "
             "rename ours, or have that one given to us",
             c->job->dataset->dataset, name, ours);
    return ERR_CONFIG;
}

static enum err patch_package(struct ckan *c, const json_t *wanted)
{
    json_t *patch = ckan_make_patch(wanted, c->package);
    json_t *package = NULL;
    enum err e = patch == NULL ? ERR_MEMORY : ERR_OK;
    if (e == ERR_OK && json_object_size(patch) > 0) {
        json_object_set_new(patch, "id", json_string(c->package_id));
        e = ckan_call(c, "package_patch", patch, c->job->dataset->dataset, &package);
    }
    if (package != NULL) {
        take_package(c, package);
    }
    json_decref(patch);
    return e;
}

static enum err place_package(struct ckan *c)
{
    json_t *wanted = ckan_make_dataset(c->job);
    enum err e = wanted == NULL ? ERR_MEMORY : find_package(c);
    if (e == ERR_OK && c->package == NULL) {
        e = create_package(c, wanted);
    }
    if (e == ERR_OK) {
        e = check_owner(c);
    }
    if (e == ERR_OK) {
        e = patch_package(c, wanted);
    }
    json_decref(wanted);
    return e;
}

static enum err place(struct ckan *c)
{
    enum err e = place_package(c);
    if (e == ERR_OK) {
        e = ckan_place_outputs(c);
    }
    return e == ERR_OK ? ckan_remove_replaced(c) : e;
}

/* A time-out or a 5xx says nothing of what was done: look before it counts as failed. */
static enum err place_and_look(struct ckan *c)
{
    enum err e = place(c);
    if (e != ERR_NETWORK || !c->wrote) {
        return e;
    }
    char before[OUTBOX_SENTENCE];
    text_copy(before, sizeof before, c->result->sentence);
    c->look_only = true;
    if (place(c) == ERR_OK) {
        c->result->sentence[0] = '\0';
        c->result->unreachable = false;
        return ERR_OK;
    }
    ckan_say(c, before);
    return e;
}

static enum err ckan_push(const struct publish_job *job, struct publish_result *result)
{
    struct ckan c = {.job = job, .result = result};
    struct diag d = {.text = ""};
    if (job->target->organisation == NULL) {
        ckan_say(
            &c, "the target names no organisation, and CKAN wants one for every dataset");
        return ERR_CONFIG;
    }
    enum err e = http_open(job->target->url, job->token, job->stop, &c.http, &d);
    if (e != ERR_OK) {
        ckan_say(&c, d.text);
        return e;
    }
    http_answer_init(&c.answer);
    e = place_and_look(&c);
    if (e == ERR_OK && !result->alarm && c.links == 0) {
        result->sentence[0] = '\0';
    } else if (e == ERR_OK && result->alarm) {
        ckan_say(&c, "the portal held other files than were sent; they were sent again");
    }
    json_decref(c.package);
    http_answer_fini(&c.answer);
    http_close(c.http);
    return e;
}

static enum err ckan_describe(const struct publish_job *job, struct buf *out)
{
    json_t *dataset = ckan_make_dataset(job);
    char *text = json_dumps(dataset, JSON_COMPACT | JSON_SORT_KEYS);
    buf_put_text(out, text != NULL ? text : "");
    bool made = text != NULL;
    free(text);
    json_decref(dataset);
    for (size_t i = 0; i < job->output_count; i++) {
        json_t *resource = ckan_make_resource(job, &job->outputs[i]);
        char *part = json_dumps(resource, JSON_COMPACT | JSON_SORT_KEYS);
        buf_put_text(out, part != NULL ? part : "");
        free(part);
        json_decref(resource);
    }
    return made ? out->err : ERR_MEMORY;
}

const struct publish_kind publish_ckan = {
    .name = "ckan", .describe = ckan_describe, .push = ckan_push};
