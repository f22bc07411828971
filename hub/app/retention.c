/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/retention.h"

#include "store/books.h"
#include "store/frames.h"

enum err retention_step(struct store *store, struct inbox *inbox,
                        struct inbox_reader *reader, int64_t limit_us)
{
    enum { OLD_MOST = 300 };
    int64_t floor = store_number(store, STORE_FLOOR);
    int64_t keep = floor > 0 ? floor : 1;
    int64_t next = store_number(store, STORE_CURSOR) + 1;
    int64_t first = 0;
    int64_t last = 0;
    enum err e = store_forget_frames(store, limit_us);
    e = e != ERR_OK ? e : inbox_older(reader, keep, limit_us, OLD_MOST, &keep);
    e = e != ERR_OK ? e : store_raise_floor(store, keep < next ? keep : next);
    e = e != ERR_OK ? e : inbox_bounds(reader, &first, &last);
    /* also what a step left that was cut short here */
    if (e == ERR_OK && first > 0 && first < store_number(store, STORE_FLOOR)) {
        e = inbox_trim(inbox, store_number(store, STORE_FLOOR));
    }
    return e;
}
