/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/lane.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

bool lane_flush(int fd, struct lane *l)
{
    while (l->from < l->free) {
        ssize_t sent = send(fd, l->bytes + l->from, l->free - l->from, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK;
        }
        l->from += (size_t)sent;
    }
    if (l->from == l->to) {
        l->from = l->free = l->to = 0;
    }
    return true;
}

bool lane_fill(int fd, struct lane *l, size_t most, bool *more)
{
    *more = false;
    if (l->from > 0 && l->to == LANE_BYTES) {
        memmove(l->bytes, l->bytes + l->from, l->to - l->from);
        l->free -= l->from;
        l->to -= l->from;
        l->from = 0;
    }
    size_t room = LANE_BYTES - l->to < most ? LANE_BYTES - l->to : most;
    if (room == 0) {
        return true;
    }
    ssize_t got = recv(fd, l->bytes + l->to, room, 0);
    if (got > 0) {
        l->to += (size_t)got;
        *more = true;
        return true;
    }
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}
