#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a broker and the way to it can do to a hub: nothing is lost, nothing comes twice,
and status says what is wrong."""
import os
import shutil
import signal
import subprocess
import time

from certificates import Authority
from fault_world import LONG, World, counts, main, seconds_of
from kogge import kogge
from proxy import Proxy

CUTS = 60 if LONG else 12


class Keeping(World):
    def await_saved(self):
        """Until the broker has on disk what it has taken; by itself it saves now and then."""
        begin_ns = time.time_ns()
        path = self.broker.folder + "/mosquitto.db"
        self.broker.process.send_signal(signal.SIGUSR1)
        self.wait(lambda: os.path.exists(path) and os.stat(path).st_mtime_ns > begin_ns,
                  "the broker does not save")

    def test_a_broker_killed_that_keeps_sessions(self):
        hub = self.start_connected()
        self.publish(100)
        self.wait_stored(hub, 100)
        hub.process.send_signal(signal.SIGSTOP)
        self.addCleanup(hub.process.send_signal, signal.SIGCONT)
        self.publish(300)
        self.await_saved()
        self.broker.kill()
        hub.process.send_signal(signal.SIGCONT)
        self.wait_error(hub, "refused")
        self.broker.start()
        hub.wait_connected()
        self.publish(100)
        self.settle(hub)
        self.assertEqual(hub.status()["sources"][0]["lost_sessions"], 0)


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
        self.assertIn(f"what came from {hole['from']} to {hole['to']} is unknown: the broker "
                      "forgot the session, or a back-up was restored", text)
        begin, end = map(seconds_of, (hole["from"], hole["to"]))
        self.assertTrue(before - 1 <= begin <= end <= after + 1, (before, hole, after))


class Way(World):
    """A proxy stands between hub and broker."""

    def setUp(self):
        super().setUp()
        self.proxy = self.enterContext(Proxy(self.broker.port))

    def test_connections_cut_within_a_packet(self):
        self.make_folder(self.proxy.port)
        hub = self.start_connected()
        with self.load(rate=400, size=2000):
            for cut in range(CUTS):
                connections, down = self.proxy.connections, self.proxy.down
                self.wait(lambda: self.proxy.down > down + 3000, "nothing comes")
                self.proxy.cut_after(1 + cut * 379 % 2200)
                self.wait(lambda: self.proxy.connections > connections, "no new connection")
        self.settle(hub)

    def test_a_half_open_connection_is_noticed(self):
        self.make_folder(self.proxy.port, keep_alive_s=1)
        hub = self.start_connected()
        self.publish(100)
        self.wait_stored(hub, 100)
        with self.load(rate=300):
            self.proxy.freeze()
            self.wait(lambda: self.proxy.connections > 1, "the hub does not notice")
        self.settle(hub)
        self.assertEqual(len(self.said(hub, "the broker did not answer in time")), 1, hub.log)

    def test_a_slow_way(self):
        self.make_folder(self.proxy.port)
        self.proxy.slow(1400, 0.02)
        hub = self.start_connected()
        self.publish(400, size=300)
        self.settle(hub)
        self.assertEqual(self.proxy.connections, 1)


class Refusing(World):
    def test_wrong_credentials_then_right_ones(self):
        passwords, secret = self.root + "/passwords", self.root + "/secret"
        for user, word in (("hub", "right"), ("buoy", "wet")):
            subprocess.run(["mosquitto_passwd", "-b", *(["-c"] if user == "hub" else []),
                            passwords, user, word], check=True, capture_output=True)
        self.broker.close()
        self.make_broker(f"password_file {passwords}")
        for version in (5, 3):
            with self.subTest(version):
                write(secret, "wrong\n")
                self.make_folder(self.broker.port, user="hub", password_file=secret,
                                 mqtt_version=version)
                hub = self.start(data=f"{self.root}/data{version}")
                row = self.wait_error(hub, "refused the connection")
                self.assertRegex(row["error"], "password|authorised")
                self.wait_broker_says("not authorised", 2)  # it tries again, and says so once
                write(secret, "right\n")
                hub.wait_connected()
                self.assertEqual(len(self.said(hub, "refused the connection")), 1, hub.log)
                self.data, self.acked = hub.data, set()
                self.publish(50)
                self.settle(hub)
                hub.stop()

    def test_an_expired_certificate(self):
        authority = Authority(self.root + "/ca")
        good = authority.issue("localhost")
        for old, new in zip(good, authority.issue("localhost", days=-1)):
            shutil.copy(old, old + ".good")
            shutil.copy(new, old)
        self.broker.close()
        self.make_broker(tls=authority)
        self.make_folder(self.broker.port, broker=f"mqtts://localhost:{self.broker.port}",
                         ca_file=authority.certificate)
        hub = self.start()
        self.wait_error(hub, "expired")
        self.assertIn("expired", hub.ask("status").out)
        self.broker.kill()
        for path in good:
            shutil.move(path + ".good", path)
        self.broker.start()
        hub.wait_connected()
        self.tls = self.broker.client_context()
        self.publish(50)
        self.settle(hub)


class Two(World):
    def test_two_hubs_with_one_data_folder(self):
        hub = self.start_connected()
        with self.load(rate=500):
            self.wait_stored(hub, 100)
            done = kogge("run", "--config", self.folder.path, "--data", self.data, timeout=60)
            self.assertEqual(done.code, 6, done.err)
            self.assertIn("another hub", done.err)
            self.wait_stored(hub, 400)
        self.settle(hub)

    def fight(self, version):
        """mosquitto 2.0 tells neither version of MQTT why it ends the older connection."""
        words = "does another client use the client id kogge-buoys?"
        self.make_folder(self.broker.port, mqtt_version=version)
        folders = [f"{self.root}/data{version}{name}" for name in "ab"]
        hubs = [self.start(data=folder) for folder in folders]
        with self.load(rate=200):
            for hub in hubs:
                self.wait_error(hub, words)
                text = hub.ask("status")
                self.assertEqual(text.code, 3)
                self.assertIn(words, text.out)
            self.wait_broker_says("closing old connection", 2)
        for hub in hubs:
            self.assertEqual(len(self.said(hub, words)), 1, hub.log)
            self.assertLessEqual(len(hub.log), 8, hub.log)
        hubs[1].stop()  # while they fight they come on slowly
        self.wait(lambda: self.acked <= set(self.stored(folders[0])) |
                  set(self.stored(folders[1])), "messages are missing", 120)
        hubs[0].stop()
        for hub in hubs:
            self.audit(hub.data)
        self.compare(*folders)
        counts["faults"] += 1

    def test_two_hubs_with_one_client_id(self):
        self.fight(5)

    def test_two_hubs_with_one_client_id_and_mqtt_3(self):
        self.fight(3)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main("broker")
