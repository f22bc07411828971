/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/sample.h"

bool sample_take(const struct port *port, size_t channels, int64_t time_us,
                 struct sample *out)
{
    struct sample s = {.time_us = time_us};
    for (size_t i = 0; i < channels && i < SAMPLE_CHANNELS_MAX; i++) {
        if (port->read(port->arg, i, time_us, &s.value[i])) {
            s.present |= UINT32_C(1) << i;
        }
    }
    if (s.present == 0) {
        return false;
    }
    *out = s;
    return true;
}
