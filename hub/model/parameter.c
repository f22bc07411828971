/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/parameter.h"

const char *aggregate_text(enum aggregate a)
{
    switch (a) {
    case AGGREGATE_MEDIAN:
        return "median";
    case AGGREGATE_DIRECTION:
        return "direction";
    case AGGREGATE_LOG10:
        return "log10";
    case AGGREGATE_SUM:
        return "sum";
    default:
        return "mean";
    }
}
