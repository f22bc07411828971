/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/stretch.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int64_t stretch_interval_s(const int64_t *time_us, size_t count, int64_t *room)
{
    if (count < 2) {
        return 0;
    }
    size_t steps = count - 1;
    for (size_t i = 0; i < steps; i++) {
        room[i] = time_us[i + 1] - time_us[i];
    }
    qsort(room, steps, sizeof *room, compare);
    int64_t twice = room[(steps - 1) / 2] + room[steps / 2]; /* the middle one or two */
    int64_t unit = 2 * (int64_t)STRETCH_US_PER_S;
    return twice / unit - (twice % unit < 0);
}

size_t stretch_first(const struct stretch *s, size_t i, double period_s)
{
    int64_t from_us = s->time_us[i] - stretch_us(period_s); /* exclusive */
    double steps = s->interval_s > 0 ? period_s / (double)s->interval_s : 0;
    size_t first = steps < (double)i ? i - (size_t)steps : 0;
    while (first > 0 && s->time_us[first - 1] > from_us) {
        first--;
    }
    while (first < i && s->time_us[first] <= from_us) {
        first++;
    }
    return first;
}
