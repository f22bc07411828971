/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/frame.h"

#include "base/clock.h"
#include "store/frames.h"

#include <string.h>

enum {
    NAME_MOST = 200,     /* bytes of a device's or a session's name */
    FRAMES_MOST = 20000, /* of one message */
    FUTURE_S = 300,      /* as of readings */
};

/* In network time, else by its readings, else when it came. */
static void find_times(const struct message *m, const struct decoded *decoded,
                       struct frame *f)
{
    bool network = decoded->message_us != CLOCK_NONE;
    f->first_us = network ? decoded->message_us : INT64_MAX;
    f->last_us = network ? decoded->message_us : INT64_MIN;
    for (size_t i = 0; i < decoded->count && !network; i++) {
        const struct reading *r = &decoded->readings[i];
        if (r->problem == NULL && r->time_us != CLOCK_NONE) {
            f->first_us = r->time_us < f->first_us ? r->time_us : f->first_us;
            f->last_us = r->time_us > f->last_us ? r->time_us : f->last_us;
        }
    }
    if (f->first_us < 0 || f->first_us > f->last_us ||
        f->last_us > m->arrival_us + FUTURE_S * CLOCK_US_PER_S) {
        f->first_us = f->last_us = m->arrival_us;
    }
}

enum err frame_note(struct store *s, const struct message *m,
                    const struct decoded *decoded, bool again)
{
    const char *device = decoded->device != NULL ? decoded->device : "";
    const char *session = decoded->session != NULL ? decoded->session : "";
    if (!decoded->has_counter || decoded->counter < 0 || device[0] == '\0' ||
        strlen(device) > NAME_MOST || strlen(session) > NAME_MOST) {
        return ERR_OK;
    }
    struct frame f = {.source = m->source,
                      .device = device,
                      .session = session,
                      .first = decoded->counter,
                      .last = decoded->counter_last,
                      .again = again};
    if (f.last - f.first >= FRAMES_MOST) {
        f.first = f.last; /* nobody packs so many: where it begins is not believed */
    }
    find_times(m, decoded, &f);
    return store_frame(s, &f);
}
