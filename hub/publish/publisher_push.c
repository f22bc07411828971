/* SPDX-License-Identifier: EUPL-1.2 */
/* From files to portals: what each portal is to hold, whether that is due, and what came
 * of it. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "publish/publisher_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { TOKEN_CEILING = 8192, DESCRIPTION_CEILING = 16 << 20 };

/* First wait after a failure, doubled each time up to the longest. */
#define FIRST_WAIT_US (INT64_C(30) * CLOCK_US_PER_S)
#define LONGEST_WAIT_US (INT64_C(3600) * CLOCK_US_PER_S)
/* What a portal holds is looked at once a day; what it refused is tried once a day. */
#define DAILY_US CLOCK_US_PER_DAY

struct pushing {
    struct publisher *p;
    const struct publish_work *w;
    const struct publish_kind *kind;
    struct publish_job job;
    struct publish_outputs outputs;
    struct buf token;
    struct hash access; /* of target and token */
    struct hash wanted; /* of those, description and files */
    bool token_missing;
};

static void read_token(struct pushing *x)
{
    const char *path = x->job.target->token_file;
    x->token_missing = path != NULL && file_read(path, &x->token) != ERR_OK;
    size_t length = x->token.length;
    while (length > 0 && (unsigned char)x->token.bytes[length - 1] <= ' ') {
        x->token.bytes[--length] = '\0';
    }
    x->token.length = length;
    x->job.token = path != NULL && length > 0 ? buf_text(&x->token) : NULL;
}

static enum err digest(struct pushing *x)
{
    const struct target *t = x->job.target;
    struct buf b;
    char hex[HASH_HEX];
    buf_init(&b, DESCRIPTION_CEILING);
    buf_put_format(&b, "%s %s %s %s\n%s", t->kind, t->url,
                   t->organisation != NULL ? t->organisation : "",
                   t->token_file != NULL ? t->token_file : "", buf_text(&x->token));
    enum err e = b.err == ERR_OK ? hash_bytes(b.bytes, b.length, &x->access) : b.err;
    if (e == ERR_OK) {
        e = x->kind->describe(&x->job, &b);
    }
    for (size_t i = 0; i < x->job.output_count; i++) {
        const struct publish_output *o = &x->job.outputs[i];
        buf_put_format(&b, "\n%s %s %d", o->name, hash_hex(&o->hash, hex), o->too_large);
        if (o->too_large && x->job.configuration->publish_base_url != NULL) {
            buf_put_text(&b, x->job.configuration->publish_base_url);
        }
    }
    e = e == ERR_OK ? b.err : e;
    if (e == ERR_OK) {
        e = hash_bytes(b.bytes, b.length, &x->wanted);
    }
    buf_wipe(&b);
    return e;
}

static enum err record(void *arg, const struct publish_receipt *r)
{
    struct pushing *x = arg;
    struct outbox_resource row = {.dataset = x->job.dataset->dataset,
                                  .target = x->job.target->target,
                                  .name = r->output->name,
                                  .id = r->id,
                                  .rows = r->output->rows,
                                  .bytes = r->output->bytes,
                                  .sent = r->output->hash,
                                  .read = r->read,
                                  .is_read = r->is_read,
                                  .stamp = r->stamp,
                                  .sent_us = x->w->now_us};
    return outbox_put_resource(x->p->outbox, &row);
}

static enum err forget(void *arg, const char *name)
{
    struct pushing *x = arg;
    return outbox_delete_resource(x->p->outbox, x->job.dataset->dataset,
                                  x->job.target->target, name);
}

static int64_t later_us(int64_t now_us, int attempts)
{
    int64_t wait_us = FIRST_WAIT_US;
    for (int i = 1; i < attempts && wait_us < LONGEST_WAIT_US; i++) {
        wait_us *= 2;
    }
    wait_us = wait_us < LONGEST_WAIT_US ? wait_us : LONGEST_WAIT_US;
    uint32_t dice = 0;
    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != (ssize_t)sizeof dice) {
        dice = (uint32_t)clock_monotonic_us();
    }
    /* Between half and all of it, so that datasets do not come in step. */
    return now_us + wait_us / 2 + (int64_t)(dice % 1024) * (wait_us / 2) / 1024;
}

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* What a refusal depends on: of the token, not of files that change every hour. */
static const struct hash *refusal_key(const struct pushing *x, bool of_access)
{
    return of_access ? &x->access : &x->wanted;
}

static bool is_due(const struct pushing *x, const struct outbox_push *p)
{
    int64_t now_us = x->w->now_us;
    switch (p->state) {
    case OUTBOX_DONE:
        return !same_hash(&p->wanted, &x->wanted) || p->verified_us == CLOCK_NONE ||
               now_us - p->verified_us >= DAILY_US || now_us < p->verified_us;
    case OUTBOX_PARKED:
        return x->w->at_once || now_us >= p->next_us ||
               (!same_hash(&p->key, &x->access) && !same_hash(&p->key, &x->wanted));
    case OUTBOX_FAILED:
        return x->w->at_once || now_us >= p->next_us ||
               now_us < p->next_us - LONGEST_WAIT_US; /* the clock was set back */
    case OUTBOX_WAITING:
        break;
    }
    return true;
}

/* What can be said without asking the portal; ERR_OK: nothing. */
static enum err refuse_early(const struct pushing *x, struct publish_result *result)
{
    const struct target *t = x->job.target;
    if (x->job.dataset->demonstration && !t->demonstration) {
        snprintf(result->sentence, sizeof result->sentence,
                 "dataset %s holds demonstration stations and target %s is not marked "
                 "demonstration",
                 x->job.dataset->dataset, t->target);
        return ERR_CONFIG;
    }
    if (x->token_missing) {
        snprintf(result->sentence, sizeof result->sentence,
                 "the token file %.200s cannot be read", t->token_file);
        return ERR_REFUSED;
    }
    return ERR_OK;
}

static void settle(struct pushing *x, struct outbox_push *p, enum err e,
                   const struct publish_result *result)
{
    int64_t now_us = x->w->now_us;
    text_copy(p->sentence, sizeof p->sentence, result->sentence);
    p->wanted = x->wanted;
    p->key = x->wanted;
    if (e == ERR_OK) {
        p->state = OUTBOX_DONE;
        p->attempts = 0;
        p->next_us = now_us + DAILY_US;
        p->success_us = p->verified_us = now_us;
        return;
    }
    if (p->sentence[0] == '\0') {
        text_copy(p->sentence, sizeof p->sentence, err_text(e));
    }
    p->attempts++;
    p->state = OUTBOX_FAILED;
    p->next_us = later_us(now_us, p->attempts);
    if (err_class(e) == ERR_CLASS_REJECT) {
        p->state = OUTBOX_PARKED;
        p->next_us = now_us + DAILY_US;
        p->key = *refusal_key(x, e == ERR_REFUSED);
    }
}

static void count(struct publish_report *r, const struct outbox_push *p,
                  const struct publish_result *result)
{
    r->pushed += p->state == OUTBOX_DONE;
    r->failed += p->state == OUTBOX_FAILED;
    r->parked += p->state == OUTBOX_PARKED;
    r->alarms += result->alarm;
    if (r->push != NULL) {
        r->push(r->arg, p, result);
    }
}

static enum err try_push(struct pushing *x, struct outbox_push *p,
                         struct publish_report *r, bool *unreachable)
{
    struct publish_result result = {.sentence = ""};
    if (r->push != NULL) {
        r->push(r->arg, p, NULL);
    }
    enum err e = refuse_early(x, &result);
    if (e == ERR_OK) {
        e = x->kind->push(&x->job, &result);
    }
    unlink(x->p->scratch);
    *unreachable = result.unreachable;
    if (e == ERR_BUSY && publisher_stopped(x->w)) {
        r->waiting++;
        return ERR_BUSY;
    }
    settle(x, p, e, &result);
    count(r, p, &result);
    return outbox_put_push(x->p->outbox, p);
}

/* A portal never gets an empty dataset, nor has one emptied: what waited waits for files
 * now, not for a time. */
static enum err leave_alone(const struct pushing *x, struct outbox_push *p)
{
    if (p->state == OUTBOX_DONE || p->next_us == CLOCK_NONE) {
        return ERR_OK;
    }
    p->state = OUTBOX_WAITING;
    p->next_us = CLOCK_NONE;
    p->sentence[0] = '\0';
    return outbox_put_push(x->p->outbox, p);
}

/* Says what has to be done for a pair and does it if it is due. */
static enum err push_if_due(struct pushing *x, struct publish_report *r,
                            bool *unreachable)
{
    struct outbox_push p;
    enum err e =
        outbox_get_push(x->p->outbox, x->job.dataset->dataset, x->job.target->target, &p);
    if (e == ERR_OK) {
        e = publish_outputs_collect(x->p, &x->job, &x->outputs);
    }
    if (e != ERR_OK) {
        return e;
    }
    if (x->job.output_count == 0) {
        return leave_alone(x, &p);
    }
    read_token(x);
    e = digest(x);
    if (e != ERR_OK) {
        return e;
    }
    if (!is_due(x, &p)) {
        r->current += p.state == OUTBOX_DONE;
        r->failed += p.state == OUTBOX_FAILED;
        r->parked += p.state == OUTBOX_PARKED;
        return ERR_OK;
    }
    if (*unreachable) {
        r->waiting++;
        p.state = p.state == OUTBOX_DONE ? OUTBOX_WAITING : p.state;
        return outbox_put_push(x->p->outbox, &p);
    }
    return try_push(x, &p, r, unreachable);
}

static const struct publish_kind *find_kind(const struct publisher *p, const char *name)
{
    for (size_t i = 0; p->kinds[i] != NULL; i++) {
        if (strcmp(p->kinds[i]->name, name) == 0) {
            return p->kinds[i];
        }
    }
    return NULL;
}

static bool goes_to(const struct dataset *dataset, const struct target *target)
{
    for (size_t i = 0; i < dataset->target_count; i++) {
        if (strcmp(dataset->targets[i], target->target) == 0) {
            return true;
        }
    }
    return false;
}

static enum err push_target(struct publisher *p, const struct publish_work *w,
                            const struct target *target, struct publish_report *r)
{
    const struct publish_kind *kind = find_kind(p, target->kind);
    enum err e = ERR_OK;
    bool unreachable = false;
    for (size_t i = 0; i < w->configuration->dataset_count && e == ERR_OK; i++) {
        const struct dataset *dataset = &w->configuration->datasets[i];
        if (kind == NULL || !goes_to(dataset, target)) {
            continue;
        }
        struct pushing x = {.p = p, .w = w, .kind = kind};
        x.job = (struct publish_job){.configuration = w->configuration,
                                     .dataset = dataset,
                                     .target = target,
                                     .first_us = CLOCK_NONE,
                                     .last_us = CLOCK_NONE,
                                     .scratch = p->scratch,
                                     .stop = w->stop,
                                     .arg = &x,
                                     .record = record,
                                     .forget = forget};
        buf_init(&x.token, TOKEN_CEILING);
        e = publisher_stopped(w) ? ERR_BUSY : push_if_due(&x, r, &unreachable);
        publish_outputs_fini(&x.outputs);
        buf_wipe(&x.token);
    }
    return e;
}

/* --- pairs that the configuration no longer names --- */

static void remember_push(void *arg, const struct outbox_push *p)
{
    struct publish_list *list = arg;
    struct outbox_push *to = publish_list_add(list, sizeof *to);
    if (to != NULL) {
        *to = *p;
    }
}

static bool is_configured(const struct configuration *c, const struct outbox_push *p)
{
    for (size_t i = 0; i < c->dataset_count; i++) {
        for (size_t j = 0; j < c->target_count; j++) {
            if (strcmp(c->datasets[i].dataset, p->dataset) == 0 &&
                strcmp(c->targets[j].target, p->target) == 0 &&
                goes_to(&c->datasets[i], &c->targets[j])) {
                return true;
            }
        }
    }
    return false;
}

static enum err drop_unconfigured(struct publisher *p, const struct configuration *c)
{
    struct publish_list list = {.items = NULL};
    enum err e = outbox_pushes(p->outbox, &list, remember_push);
    const struct outbox_push *pushes = list.items;
    for (size_t i = 0; i < list.count && e == ERR_OK; i++) {
        if (!is_configured(c, &pushes[i])) {
            e = outbox_delete_push(p->outbox, pushes[i].dataset, pushes[i].target);
        }
    }
    free(list.items);
    return e;
}

enum err publisher_push(struct publisher *p, const struct publish_work *w,
                        struct publish_report *r)
{
    enum err e = drop_unconfigured(p, w->configuration);
    for (size_t i = 0; i < w->configuration->target_count && e == ERR_OK; i++) {
        e = push_target(p, w, &w->configuration->targets[i], r);
    }
    return e;
}
