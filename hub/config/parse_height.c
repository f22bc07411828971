/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/text.h"

#include <math.h>

double read_height_nhn(struct parse *p, const json_t *o, const char *key)
{
    double height_m = read_number(o, key, (double)NAN);
    double shift_m = read_number(o, "shift_m", (double)NAN);
    const char *datum = peek_text(o, "datum");
    bool ours = datum == NULL || text_equal(datum, "DHHN2016");
    char text[SHOWN_SIZE];
    if (isnan(shift_m) != (peek_text(o, "shift_source") == NULL)) {
        fault(p, NULL,
              "\"shift_m\" and \"shift_source\" come together or not at all: no "
              "height is moved between frames without a source");
    }
    if (ours && !isnan(shift_m)) {
        fault(p, "shift_m", "a height in DHHN2016 needs no shift");
    }
    if (ours || isnan(height_m)) {
        return height_m;
    }
    if (isnan(shift_m)) {
        finding(p, "datum",
                "the height is in the frame %s and no \"shift_m\" to DHHN2016 is "
                "stated, so it gives no water_level",
                shown_text(datum, text));
        return (double)NAN;
    }
    return height_m + shift_m;
}
