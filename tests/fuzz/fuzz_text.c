/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What was read is written and read back the same; what is shown is always UTF-8. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[256] = "", number[NUMBER_TEXT], time[CLOCK_TEXT], shown[64];
    double value = 0, again = 0;
    int64_t time_us = 0, again_us = 0;
    memcpy(text, bytes, size < sizeof text ? size : sizeof text - 1);
    if (number_parse_part((const char *)bytes, size, &value)) {
        number_format(value, number);
        if (!number_parse(number, &again) || again != value) {
            abort();
        }
    }
    if (clock_parse_rfc3339(text, &time_us) == ERR_OK && clock_format_us(time_us, time) &&
        (clock_parse_rfc3339(time, &again_us) != ERR_OK || again_us != time_us)) {
        abort();
    }
    text_escape(shown, sizeof shown, bytes, size);
    if (!text_is_utf8(shown, strlen(shown))) {
        abort();
    }
    return 0;
}
