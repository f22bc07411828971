/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/calibration.h"

#include <string.h>

static const char *first_of(const struct calibration *c)
{
    const char *field = c->field != NULL ? c->field : "";
    return c->parameter != NULL ? c->parameter->id : field;
}

/* Of a field the position says nothing. */
static int compare_of(const struct calibration *a, const struct calibration *b)
{
    int order = strcmp(first_of(a), first_of(b));
    bool both = a->parameter != NULL && b->parameter != NULL;
    return order != 0 || !both ? order : strcmp(a->position, b->position);
}

int calibration_compare(const void *a, const void *b)
{
    const struct calibration *left = a, *right = b;
    int order = compare_of(left, right);
    return order != 0 ? order
                      : (left->period.from_us > right->period.from_us) -
                            (left->period.from_us < right->period.from_us);
}

/* The last row that is not behind wanted, if it is of the same and holds then. */
static const struct calibration *find(const struct calibration *rows, size_t count,
                                      const struct calibration *wanted)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calibration_compare(&rows[middle], wanted) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct calibration *found = low > 0 ? &rows[low - 1] : NULL;
    bool holds = found != NULL && compare_of(found, wanted) == 0 &&
                 wanted->period.from_us < found->period.to_us;
    return holds ? found : NULL;
}

const struct calibration *station_calibration(const struct station *s,
                                              const struct parameter *parameter,
                                              const char *position, int64_t time_us)
{
    const struct calibration wanted = {
        .period.from_us = time_us, .parameter = parameter, .position = position};
    return find(s->calibrations, s->calibration_count, &wanted);
}

const struct calibration *device_calibration(const struct device *d, const char *field,
                                             int64_t time_us)
{
    const struct calibration wanted = {.period.from_us = time_us, .field = field};
    return find(d->calibrations, d->calibration_count, &wanted);
}
