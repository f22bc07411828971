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
    enum err e = inbox_older(reader, keep, limit_us, OLD_MOST, &keep);
    e = e != ERR_OK ? e : store_forget_frames(store, limit_us);
    int64_t next = store_number(store, STORE_CURSOR) + 1;
    if (e != ERR_OK || keep <= floor) {
        return e;
    }
    e = store_raise_floor(store, keep < next ? keep : next);
    if (e == ERR_OK && store_number(store, STORE_FLOOR) > floor) {
        e = inbox_trim(inbox, store_number(store, STORE_FLOOR));
    }
    return e;
}
