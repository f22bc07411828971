/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/node.h"

bool node_init(struct node *n, const struct node_setup *setup, int64_t now_us)
{
    if (!pack_header_is_sound(&setup->header) || setup->slot_count < 1 ||
        setup->pack_size < PACK_SIZE_MIN || setup->next_sequence < 1) {
        return false;
    }
    *n = (struct node){.header = setup->header,
                       .port = setup->port,
                       .pack = setup->pack,
                       .pack_size = setup->pack_size};
    queue_init(&n->queue, setup->slots, setup->slot_count, setup->next_sequence);
    schedule_init(&n->schedule, setup->sample_every_s, setup->send_every_s, now_us);
    return true;
}

void node_sample(struct node *n, int64_t time_us)
{
    struct sample s;
    if (sample_take(&n->port, n->header.channel_count, time_us, &s)) {
        queue_put(&n->queue, &s);
    }
}

void node_flush(struct node *n)
{
    n->send_upto = n->queue.next - 1;
}

void node_finish(struct node *n)
{
    n->finishing = true;
    node_flush(n);
}

static void send_next(struct node *n)
{
    if (!n->link_is_up || n->under_way != 0 || queue_held(&n->queue) > n->send_upto) {
        return;
    }
    uint64_t last = 0;
    size_t length = pack_samples(&n->header, &n->queue, n->pack, n->pack_size, &last);
    if (length > 0 && n->port.publish(n->port.arg, n->pack, length)) {
        n->under_way = last;
    }
}

int64_t node_step(struct node *n, int64_t now_us)
{
    int64_t at_us = now_us;
    if (!n->finishing && schedule_sample_due(&n->schedule, now_us, &at_us)) {
        node_sample(n, at_us);
    }
    if (!n->finishing && schedule_send_due(&n->schedule, now_us)) {
        node_flush(n);
    }
    send_next(n);
    return n->finishing ? INT64_MAX : schedule_next(&n->schedule);
}

void node_link_up(struct node *n)
{
    n->link_is_up = true;
    n->under_way = 0;
}

void node_link_down(struct node *n)
{
    n->link_is_up = false;
    n->under_way = 0;
}

void node_confirm(struct node *n)
{
    if (n->under_way != 0) {
        node_release(n, n->under_way);
        n->under_way = 0;
    }
}

void node_release(struct node *n, uint64_t upto)
{
    queue_release(&n->queue, upto);
}

bool node_is_idle(const struct node *n)
{
    return n->queue.count == 0 && n->under_way == 0;
}
