/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_world.h"

#include "base/text.h"

#include <stdio.h>

static void number_message(struct power_message *m, int i)
{
    m->source = 3;
    text_copy(m->topic, sizeof m->topic, "g/gauge-1/W");
    snprintf(m->payload, sizeof m->payload, "500.%03d", i);
}

static void ttn_message(struct power_message *m, int i)
{
    /* some differ about one time, some agree, one in twenty needs pages of its own */
    const char *device = i % 10 == 3 ? "late-1" : i % 2 == 0 ? "ttn-1" : "ttn-2";
    int at_s = POWER_AT_S + (i % 10 == 9 ? i - 8 : i % 10 == 2 ? i - 2 : i);
    int temp = i % 10 == 2 ? i - 2 : i;
    m->source = 0;
    snprintf(m->topic, sizeof m->topic, "v3/app/devices/%s/up", device);
    snprintf(m->payload, sizeof m->payload,
             "{\"end_device_ids\": {\"device_id\": \"%s\"}, \"uplink_message\": {"
             "\"f_cnt\": %d, \"decoded_payload\": {\"at\": %d, \"temp\": %d.5,"
             " \"bat\": 3.%d, \"crc\": \"%0*d\"}}}",
             device, i, at_s, 5 + temp % 20, i, i % 20 == 8 ? 3900 : 1, i);
}

void power_world_make_messages(struct power_world *p)
{
    for (int i = 0; i < POWER_MESSAGES; i++) {
        struct power_message *m = &p->messages[i];
        if (i % 10 == 7) { /* can't be read */
            m->source = 1;
            text_copy(m->topic, sizeof m->topic, "a/x");
            snprintf(m->payload, sizeof m->payload, "{\"device\": %d", i);
        } else if (i % 10 == 5) {
            number_message(m, i);
        } else {
            ttn_message(m, i);
        }
    }
}
