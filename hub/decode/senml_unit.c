/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"
#include "decode/senml.h"

#include <string.h>

static const struct {
    const char *unit;
    const char *to;
    double scale;
} named[] = {
    {"Cel", "degC", 1},     {"C", "coulomb", 1},      {"Ohm", "ohm", 1},
    {"%RH", "%", 1},        {"%EL", "%", 1},          {"EL", "s", 1},
    {"lat", "degree", 1},   {"lon", "degree", 1},     {"deg", "degree", 1},
    {"pH", "1", 1},         {"beat/min", "1/min", 1}, {"beats", "1", 1},
    {"VA", "V.A", 1},       {"VAs", "V.A.s", 1},      {"var", "V.A", 1},
    {"vars", "V.A.s", 1},   {"kVA", "V.A", 1000},     {"kvar", "V.A", 1000},
    {"Ah", "A.h", 1},       {"Wh", "W.h", 1},         {"kWh", "W.h", 1000},
    {"varh", "V.A.h", 1},   {"kvarh", "V.A.h", 1000}, {"kVAh", "V.A.h", 1000},
    {"Wh/km", "W.h/km", 1},
};

static const struct {
    const char *unit;
    double ratio;
} ratios[] = {
    {"/", 1}, {"%", 1}, {"/100", 1e-2}, {"/1000", 1e-3}, {"ppm", 1e-6},
};

const char *senml_unit(const char *unit, const char *wanted, double *scale)
{
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        if (strcmp(ratios[i].unit, unit) == 0) {
            bool percent = text_equal(wanted, "%");
            *scale = percent ? ratios[i].ratio * 100 : ratios[i].ratio;
            return percent ? "%" : "1";
        }
    }
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (strcmp(named[i].unit, unit) == 0) {
            *scale = named[i].scale;
            return named[i].to;
        }
    }
    return NULL;
}
