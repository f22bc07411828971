#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a broker and the way to it can do to a hub: nothing is lost, nothing comes twice,
and status says what is wrong."""
import time

from fault_world import World, main, seconds_of
from proxy import Proxy

class Forgetting(World):
    """A broker without persistence: what it held is gone, and the hub says from when to
    when."""

    def setUp(self):
        super().setUp()
        self.broker.close()
        self.make_broker(persistent=False)
        self.proxy = self.enterContext(Proxy(self.broker.port))
        self.make_folder(self.proxy.port)

    def test_a_lost_session_is_shown_with_its_times(self):
        hub = self.start_connected()
        self.publish(50)
        self.wait_stored(hub, 50)
        before = time.time()
        self.proxy.refuse()
        self.broker.kill()
        hub.wait_status(lambda s: not s["sources"][0]["connected"])
        self.broker.start()
        known = set(self.acked)
        self.publish(10)  # the broker takes them and has nobody to keep them for
        self.acked = known
        self.proxy.refuse(False)
        hub.wait_connected()
        after = time.time()
        self.publish(50)
        self.settle(hub)
        row = hub.status()["sources"][0]
        self.assertEqual(row["lost_sessions"], 1)
        hole, = row["holes"]
        text = hub.ask("status").out
        self.assertIn(f"the broker forgot the session: what came from {hole['from']} to "
                      f"{hole['to']} is unknown", text)
        begin, end = map(seconds_of, (hole["from"], hole["to"]))
        self.assertTrue(before - 1 <= begin <= end <= after + 1, (before, hole, after))


if __name__ == "__main__":
    main("broker")
