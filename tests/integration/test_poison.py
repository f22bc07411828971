#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A message that kills the hub: after three crashes it is set aside and shown, and the next
ones flow. tests/support/faults.c makes one number deadly."""
import json
import signal

from fault_world import BASE_S, World, main
from faults import faults
from mqtt_wire import Publisher

DEADLY = "66666.250000000001"  # shorter numbers are read without strtod, in which the fault sits


class Poison(World):
    def setUp(self):
        super().setUp()
        self.hub = self.start_connected(**faults(poison=DEADLY))
        self.crashes = 0

    def publish_poison(self):
        payload = json.dumps({"id": "b1", "ms": BASE_S * 1000}).replace("}", f', "t": {DEADLY}}}')
        with Publisher(self.broker.port) as publisher:
            publisher.publish("buoy/b1", payload.encode())
            publisher.leave()

    def supervise(self):
        """Starts the hub anew as often as it crashes, until all that came is worked off."""
        while True:
            try:
                self.hub.wait_status(lambda s: s["hub"]["running"] and s["hub"]["waiting"] == 0
                                     and s["sources"][0]["connected"] and
                                     s["sources"][0]["rejected"] > 0)
                return
            except AssertionError:
                self.assertEqual(self.hub.stop(), -signal.SIGABRT, self.hub.log)
                self.crashes += 1
                self.assertLessEqual(self.crashes, 9, "it never ends")
                self.hub = self.start(wait=False, **faults(poison=DEADLY))

    def rejected(self):
        return json.loads(self.hub.ask("rejected", "--json").out)["rejected"]

    def test_a_message_that_kills_is_set_aside_and_the_next_flow(self):
        self.publish(20)
        self.publish_poison()
        self.publish(20)
        self.supervise()
        rows = self.rejected()
        # it comes twice, if the hub crashed before its acknowledgement had left
        self.assertEqual(self.crashes, 3 * len(rows))
        for row in rows:
            self.assertIn("under work at three crashes", row["reason"])
            shown = self.hub.ask("rejected", "show", row["id"])
            self.assertIn(DEADLY, shown.out)
        self.assertEqual(self.hub.status()["sources"][0]["rejected"], len(rows))
        self.assertTrue(any("is set aside" in line for line in self.hub.log), self.hub.log)
        self.publish(20)
        self.settle(self.hub)

    def test_it_is_taken_in_once_the_fault_is_mended(self):
        self.publish_poison()
        self.publish(20)
        self.supervise()
        self.hub.stop()
        self.hub = self.start_connected()
        done = self.hub.ask("rejected", "replay")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(self.rejected(), [])
        self.assertEqual(self.stored().get(0), float(DEADLY))  # the number by its time
        self.settle(self.hub)


if __name__ == "__main__":
    main("poison")
