/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/thresholds.h"

#include <math.h>
#include <stdlib.h>

#define FENCE 1.5         /* of the quartiles' distance */
#define SUSPECT_PART 0.99 /* of the distances are no more */
#define FAIL_PART 0.999

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double thresholds_quantile(const double *sorted, size_t count, double part)
{
    double place = part * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    double rest = place - (double)below;
    return sorted[below] + rest * (sorted[below + 1] - sorted[below]);
}

static double unless_zero(double threshold)
{
    return threshold > 0 ? threshold : (double)NAN;
}

enum err thresholds_find(double *values, size_t value_count, double *distances,
                         size_t distance_count, struct running_median_settings *out)
{
    if (distance_count < THRESHOLDS_LEAST || value_count == 0) {
        return ERR_RANGE;
    }
    qsort(values, value_count, sizeof *values, compare);
    qsort(distances, distance_count, sizeof *distances, compare);
    double q1 = thresholds_quantile(values, value_count, 0.25);
    double q3 = thresholds_quantile(values, value_count, 0.75);
    double reach = FENCE * (q3 - q1);
    struct span fences = {q1 - reach, q3 + reach};
    double suspect = thresholds_quantile(distances, distance_count, SUSPECT_PART);
    double fail = thresholds_quantile(distances, distance_count, FAIL_PART);
    if (!isfinite(fences.low + fences.high) || (reach <= 0 && fail <= 0)) {
        return ERR_RANGE;
    }
    out->test_period = THRESHOLDS_PERIOD_S;
    out->suspect_span = reach > 0 ? fences : SPAN_NONE;
    out->suspect_threshold = unless_zero(suspect);
    out->fail_threshold = unless_zero(fail);
    return ERR_OK;
}
