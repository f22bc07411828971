/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_SAMPLE_H
#define NODE_SAMPLE_H

/* What a node measures, and all that it measured at one instant. Values are fixed-point
 * integers: most microcontrollers have no floating point, and a log wants one size. */

#include "node/port.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SAMPLE_CHANNELS_MAX = 8 };

/* One thing that is measured. The strings outlive the node. */
struct channel {
    const char *name;  /* of the SenML record: WIRE_MEASURED_... */
    const char *unit;  /* of the SenML record (RFC 8428, RFC 8798) */
    uint32_t decimals; /* a value v stands for v / 10^decimals; at most 9 */
};

struct sample {
    uint64_t sequence; /* given by the queue; 0: not yet */
    int64_t time_us;   /* UTC, microseconds since 1970 */
    int32_t value[SAMPLE_CHANNELS_MAX];
    uint32_t present; /* bit i: value[i] was measured */
    uint32_t reserved;
};
_Static_assert(sizeof(struct sample) == 56, "a sample goes to a log as it is");

/* Asks the port for each of the channels. False: not one sensor answered, out is then
 * untouched. */
bool sample_take(const struct port *port, size_t channels, int64_t time_us,
                 struct sample *out);

#endif
