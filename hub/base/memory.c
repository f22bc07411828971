/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/memory.h"

#include <stdlib.h>

static _Thread_local bool ran_out;

void *memory_take(size_t size)
{
    void *taken = malloc(size);
    ran_out = ran_out || (taken == NULL && size > 0);
    return taken;
}

bool memory_ran_out(void)
{
    bool before = ran_out;
    ran_out = false;
    return before;
}
