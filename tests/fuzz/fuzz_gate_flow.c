/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/gate */
#include "fuzz/lane_fuzz.h"
#include "unit/gate_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two bytes a step: who sends how much, or that a message was put into the inbox. All
 * bytes come out of the tunnel as they went in, in both directions. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture f;
    static uint64_t put_last;
    if (f.gate == NULL) {
        setup(&f);
        join(&f);
    }
    struct lane_fuzz up = {.from = f.client, .to = f.broker};
    struct lane_fuzz down = {.from = f.broker, .to = f.client};
    for (size_t i = 0; i + 1 < size && i < 200; i += 2) {
        if (data[i] % 4 == 0) {
            gate_mark(f.gate, ++put_last);
        } else {
            lane_send(data[i] % 4 == 1 ? &down : &up, (size_t)data[i + 1] * 7);
        }
    }
    lane_drain(&up);
    lane_drain(&down);
    return 0;
}
