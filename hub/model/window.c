/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/window.h"

#include <string.h>

const char *data_state_text(enum data_state s)
{
    static const char *const texts[] = {"provisional", "checked", "released"};
    return texts[s];
}

bool window_is_of(const struct window *w, const char *parameter, const char *position)
{
    return (w->parameter == NULL || strcmp(w->parameter->id, parameter) == 0) &&
           (w->position == NULL || strcmp(w->position, position) == 0);
}

const struct window *windows_find(const struct windows *w, const char *parameter,
                                  const char *position, int64_t time_us)
{
    for (size_t i = 0; i < w->count && w->rows[i].period.from_us <= time_us; i++) {
        const struct window *row = &w->rows[i];
        if (time_us < row->period.to_us && window_is_of(row, parameter, position)) {
            return row;
        }
    }
    return NULL;
}
