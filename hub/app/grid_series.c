/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_series.h"

#include "base/buf.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Raise it when the same samples and rule give other cells than before. */
enum { RULE_VERSION = 1, RULE_BYTES = 1 << 20 };

static int compare_steps(const void *a, const void *b)
{
    const struct grid_step *left = a;
    const struct grid_step *right = b;
    if (left->from_us != right->from_us) {
        return left->from_us < right->from_us ? -1 : 1;
    }
    return (left->interval_s > right->interval_s) -
           (left->interval_s < right->interval_s);
}

/* Placements that feed the series; steps NULL: they are only counted. */
static size_t take_steps(const struct configuration *c, const struct series_key *key,
                         struct grid_step *steps)
{
    size_t count = 0;
    for (size_t k = 0; k < c->device_count; k++) {
        for (size_t n = 0; n < c->devices[k].placement_count; n++) {
            const struct placement *p = &c->devices[k].placements[n];
            if (strcmp(p->station->station, key->station) != 0 ||
                !placement_measures(p, key->parameter, key->position)) {
                continue;
            }
            if (steps != NULL) {
                steps[count] = (struct grid_step){p->period.from_us, p->interval_s};
            }
            count++;
        }
    }
    return count;
}

enum err grid_series_rule(const struct configuration *c, const struct series_key *key,
                          struct grid_rule *out)
{
    const struct parameter *p = configuration_parameter(c, key->parameter);
    if (p == NULL || p->kind == PARAMETER_HOUSEKEEPING) {
        return ERR_ABSENT;
    }
    size_t count = take_steps(c, key, NULL);
    struct grid_step *steps = calloc(count + 1, sizeof *steps);
    if (steps == NULL) {
        return ERR_MEMORY;
    }
    take_steps(c, key, steps);
    qsort(steps, count, sizeof *steps, compare_steps);
    *out = (struct grid_rule){.aggregate = p->aggregate,
                              .detection_limit = p->detection_limit,
                              .steps = steps,
                              .step_count = count,
                              .newest_us = CLOCK_NONE};
    return ERR_OK;
}

void grid_series_fini(struct grid_rule *rule)
{
    free((void *)(uintptr_t)rule->steps);
    rule->steps = NULL;
}

enum err grid_series_hash(const struct grid_rule *rule, struct hash *out)
{
    struct buf b;
    buf_init(&b, RULE_BYTES);
    buf_put_format(&b, "%d %d %a", RULE_VERSION, (int)rule->aggregate,
                   rule->detection_limit);
    for (size_t k = 0; k < rule->step_count; k++) {
        buf_put_format(&b, " %lld %a", (long long)rule->steps[k].from_us,
                       rule->steps[k].interval_s);
    }
    enum err e = b.err != ERR_OK ? b.err : hash_bytes(b.bytes, b.length, out);
    buf_fini(&b);
    return e;
}

struct grid_sample grid_series_sample(const struct observation_row *row)
{
    return (struct grid_sample){row->time_us, row->value,
                                isnan(row->value) ? QUALITY_MISSING
                                                  : quality_aggregate(row->tests)};
}
