# SPDX-License-Identifier: EUPL-1.2
"""Ingest and inbox against a real mosquitto, and against a broker made by hand where the
test must say what is sent when."""
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import unittest

from broker import PROGRAM, Broker, free_port
from certificates import Authority
from mqtt_wire import Closed, Publisher, Server, publish_packet
from proxy import Proxy
from sink import Inbox, Sink, source, temporary

SANITIZED = any(name in os.environ.get("KOGGE_BIN", "") for name in ("asan", "tsan"))


def connected(status):
    return status["connected"] == "1"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(temporary())
        self.inbox = Inbox(self.folder)

    def sink(self):
        return self.enterContext(Sink(self.folder))

    def broker(self, settings="", **others):
        return self.enterContext(Broker(settings, **others))

    def assert_logged(self, sink, sentence, times=1):
        lines = [line for line in sink.log if sentence in line]
        self.assertEqual(len(lines), times, sink.log)

    def wait_error(self, sink, name, pattern):
        return sink.wait(name, lambda s: re.search(pattern, s["error"]))


class Delivery(Case):
    def test_both_versions_and_a_shared_subscription(self):
        broker, sink = self.broker(), self.sink()
        sink.apply([source("five", broker.port, ["a/+"]),
                    source("three", broker.port, ["a/+"], version=3),
                    source("half", broker.port, ["$share/hub/a/+"]),
                    source("other", broker.port, ["$share/hub/a/+"], version=3)])
        broker.wait_subscribed("kogge-five", "kogge-three", "kogge-half", "kogge-other")
        with Publisher(broker.port) as p:
            p.publish_many([("a/x", b"%d" % i) for i in range(100)])
        self.inbox.wait_count(300)
        status = sink.status()
        self.assertEqual(status["five"]["messages"], "100")
        self.assertEqual(status["three"]["messages"], "100")
        shares = [int(status[name]["messages"]) for name in ("half", "other")]
        self.assertEqual(sum(shares), 100)
        self.assertEqual(status["five"]["bytes"], "190")
        self.assertLess(sink.quit(), 1000)

    def test_size_retained_and_qos_are_kept(self):
        broker, sink = self.broker(), self.sink()
        with Publisher(broker.port) as p:
            p.publish("a/kept", b"old", retained=True)
            sink.apply([source("one", broker.port, ["a/#"], version=3)])
            self.inbox.wait_count(1)
            large = bytes(range(256)) * 1024
            p.publish("a/fits", large)
            p.publish("a/large", large + b"!")
            p.publish("a/empty", b"")
            p.publish("a/zero", b"z", qos=0)
        self.inbox.wait_count(5)
        rows = self.inbox.rows("SELECT topic, length(payload), full_size, packet > 0, "
                               "flags FROM messages ORDER BY id")
        self.assertEqual(rows, [("a/kept", 3, None, 1, 2), ("a/fits", 262144, None, 1, 0),
                                ("a/large", 1024, 262145, 1, 0),
                                ("a/empty", 0, None, 1, 0), ("a/zero", 1, None, 0, 0)])
        self.assertEqual(self.inbox.payloads()[2], large[:1024])

    def test_a_lone_message_is_acknowledged_soon_and_after_the_commit(self):
        for version in (5, 3):
            with self.subTest(version=version), temporary() as folder, \
                    Server(5 if version == 5 else 4) as server, Sink(folder) as sink:
                sink.apply([source("one", server.port, ["a"], version=version)])
                with server.accept() as wire:
                    server.accept_subscription(wire)
                    spent = [self.time_one(wire, Inbox(folder), i) for i in range(1, 31)]
                    sink.quit()
                # half of them: the machine may be busy with other things
                if not SANITIZED:
                    self.assertLess(sorted(spent)[15], 0.010 + fsync_s(folder))

    def time_one(self, wire, inbox, packet_id):
        """Seconds from a PUBLISH to its PUBACK."""
        begin = time.monotonic()
        wire.send(publish_packet("a", b"x", packet_id=packet_id, version=wire.version))
        got = wire.receive()
        spent = time.monotonic() - begin
        self.assertEqual((got[0], got[1][:2]), (0x40, bytes([0, packet_id])))
        self.assertEqual(len(inbox.payloads()), packet_id)
        time.sleep(0.05)  # the next one comes into a silence, too: that is what is measured
        return spent

    def test_dup_and_session_of_a_redelivery(self):
        with Server() as server:
            sink = self.sink()
            sink.apply([source("one", server.port, ["a"], version=3)])
            wire = server.accept()
            server.accept_subscription(wire)
            wire.send(publish_packet("a", b"x", packet_id=7))
            self.assertEqual(wire.receive()[0], 0x40)
            wire.close()
            # the second comes at once behind the CONNACK, before any SUBACK
            again = publish_packet("a", b"x", packet_id=7, dup=True)
            wire = self.enterContext(server.accept(present=True, behind=again))
            self.inbox.wait_count(2)
            rows = self.inbox.rows("SELECT m.packet, m.flags, c.session, c.present FROM "
                                   "messages m JOIN connections c ON c.id = m.connection "
                                   "ORDER BY m.id")
            self.assertEqual(rows, [(7, 0, 1, 0), (7, 1, 1, 1)])
            self.assertEqual(self.inbox.rows("SELECT count(*) FROM holes"), [(0,)])

    def test_a_proxy_of_the_environment_is_not_taken(self):
        broker = self.broker()
        nowhere = f"http://127.0.0.1:{free_port()}"
        with Sink(self.folder, {"http_proxy": nowhere, "https_proxy": nowhere,
                                "no_proxy": "*"}) as sink:
            sink.apply([source("one", broker.port, ["a"])])
            broker.wait_subscribed("kogge-one")
            with Publisher(broker.port) as p:
                p.publish("a", b"1")
            self.inbox.wait_count(1)


class Faults(Case):
    def publish_apart(self, port, count, rate):
        """Publishes in a thread; gives (publisher, thread, payloads)."""
        payloads = [b"%08d" % i for i in range(count)]
        publisher = self.enterContext(Publisher(port))
        thread = threading.Thread(target=publisher.publish_many, args=(
            [("a/x", p) for p in payloads],), kwargs={"rate": rate})
        thread.start()
        return publisher, thread, payloads

    def assert_nothing_lost(self, publisher, payloads):
        """All that the publisher has a PUBACK for is in the inbox."""
        self.assertEqual(len(publisher.acked), len(payloads))
        end = time.monotonic() + 30
        while missing := set(payloads) - set(self.inbox.payloads()):
            self.assertLess(time.monotonic(), end, f"{len(missing)} lost")
            time.sleep(0.05)

    def test_nothing_is_lost_when_killed_under_load(self):
        broker = self.broker()
        sources = [source("one", broker.port, ["a/#"])]
        with Sink(self.folder) as sink:
            sink.apply(sources)
            broker.wait_subscribed("kogge-one")
        publisher, thread, payloads = self.publish_apart(broker.port, 12000, 2500)
        for kill in range(1, 6):
            with Sink(self.folder) as sink:
                sink.apply(sources)
                self.inbox.wait_count(kill * 1500)
                sink.kill()
        sink = self.sink()
        sink.apply(sources)
        thread.join()
        self.assert_nothing_lost(publisher, payloads)
        self.assertEqual(sink.wait_connected("one")["present"], "1")
        self.assertEqual(self.inbox.rows("SELECT count(*) FROM holes"), [(0,)])

    def test_nothing_is_lost_when_the_disk_is_full(self):
        broker, sink = self.broker(), self.sink()
        sink.apply([source("one", broker.port, ["a/#"])])
        broker.wait_subscribed("kogge-one")
        publisher, thread, payloads = self.publish_apart(broker.port, 6000, 3000)
        self.inbox.wait_count(1000)
        sink.disk(full=True)
        self.wait_error(sink, "one", "inbox")
        sink.disk(full=False)
        thread.join()
        self.assert_nothing_lost(publisher, payloads)

    def test_no_acknowledgement_leaves_for_what_could_not_be_written(self):
        with Server() as server:
            sink = self.sink()
            sink.apply([source("one", server.port, ["a"], version=3)])
            wire = server.accept()
            server.accept_subscription(wire)
            sink.wait_connected("one")
            sink.disk(full=True)
            for i in range(1, 20):
                wire.send(publish_packet("a", b"x" * 5000, packet_id=i))
            with self.assertRaises((Closed, ConnectionResetError)):
                self.fail(f"neither closed nor silent: {wire.receive()}")
            wire.close()
            self.assertEqual(self.inbox.payloads(), [])
            sink.disk(full=False)
            wire = self.enterContext(server.accept(present=True))
            server.accept_subscription(wire)
            while not connected(sink.status()["one"]):  # room came too late for this one
                wire = self.enterContext(server.accept(present=True))
                server.accept_subscription(wire)
            wire.send(publish_packet("a", b"x", packet_id=1, dup=True))
            self.assertEqual(wire.receive()[0], 0x40)
            # perhaps behind messages that paho had read already: stored, not acknowledged
            self.assertEqual(self.inbox.payloads()[-1], b"x")

    def test_a_cut_connection_loses_nothing(self):
        broker, sink = self.broker(), self.sink()
        proxy = self.enterContext(Proxy(broker.port))
        sink.apply([source("one", proxy.port, ["a/#"])])
        broker.wait_subscribed("kogge-one")
        publisher, thread, payloads = self.publish_apart(broker.port, 6000, 3000)
        for cut in range(1, 4):
            self.inbox.wait_count(cut * 1200)
            proxy.cut()
        thread.join()
        self.assert_nothing_lost(publisher, payloads)
        self.assertGreaterEqual(proxy.connections, 4)

    def test_two_brokers_one_away(self):
        broker, sink = self.broker(), self.sink()
        away = free_port()
        sink.apply([source("away", away, ["a/#"]), source("one", broker.port, ["a/#"])])
        broker.wait_subscribed("kogge-one")
        status = self.wait_error(sink, "away", "Connection refused")
        self.assertFalse(connected(status))
        with Publisher(broker.port) as p:
            p.publish_many([("a/x", b"%d" % i) for i in range(500)])
        self.inbox.wait_count(500)
        self.assert_logged(sink, "source away", 1)
        self.assertLess(sink.quit(), 1000)


class Comings(Case):
    def test_a_broker_that_comes_late_is_reached_within_a_second(self):
        port, sink = free_port(), self.sink()
        sink.apply([source("one", port, ["a/#"])])
        self.wait_error(sink, "one", "Connection refused")
        broker = self.broker(port=port)
        begin = time.monotonic()
        sink.wait_connected("one")
        self.assertLess(time.monotonic() - begin, 1 if not SANITIZED else 5)
        self.assert_logged(sink, "warn ingest: source one", 1)
        broker.stop()
        sink.wait("one", lambda s: not connected(s) and "refused" in s["error"])
        broker.start()
        begin = time.monotonic()
        status = sink.wait_connected("one")
        self.assertLess(time.monotonic() - begin, 1 if not SANITIZED else 5)
        self.assertEqual(status["present"], "1")
        self.assertEqual(self.inbox.rows("SELECT count(*) FROM holes"), [(0,)])

    def test_a_forgotten_session_is_a_hole(self):
        broker, sink = self.broker(persistent=False), self.sink()
        sink.apply([source("one", broker.port, ["a/#"])])
        sink.wait_connected("one")
        before = time.time() * 1e6
        broker.kill()
        sink.wait("one", lambda s: not connected(s))
        broker.start()
        self.assertEqual(sink.wait_connected("one")["present"], "0")
        (hole,) = self.inbox.rows("SELECT * FROM holes")
        self.assertTrue(before <= hole[1] <= hole[2] <= time.time() * 1e6, hole)
        broker.wait_subscribed("kogge-one")
        with Publisher(broker.port) as p:
            p.publish("a/x", b"1")
        self.inbox.wait_count(1)

    def test_a_broker_that_refuses_is_named(self):
        for version in (5, 3):
            with self.subTest(version=version), temporary() as folder:
                passwords = os.path.join(folder, "passwords")
                subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "hub",
                                "right"], check=True, capture_output=True)
                broker = self.broker(f"allow_anonymous false\npassword_file {passwords}")
                secret = os.path.join(folder, "secret")
                with Sink(folder) as sink:
                    sink.apply([source("one", broker.port, ["a/#"], version=version,
                                       user="hub", password_file=secret)])
                    self.wait_error(sink, "one", "password_file .*secret: ")
                    write(secret, "wrong\n")
                    self.wait_error(sink, "one", "refused the connection: .*"
                                                 "(password|authorised)")
                    write(secret, "right\n")
                    sink.wait_connected("one")
                    self.assert_logged(sink, "refused the connection", 1)

    def test_a_refused_subscription_is_named_and_logged_once(self):
        for version in (5, 3):
            with self.subTest(version=version), temporary() as folder, \
                    Server(5 if version == 5 else 4) as server, Sink(folder) as sink:
                sink.apply([source("one", server.port, ["a/#"], version=version)])
                for _ in range(2):
                    with server.accept(present=True) as wire:
                        server.accept_subscription(wire, 0x87 if version == 5 else 0x80)
                        status = self.wait_error(sink, "one",
                                                 "subscription to a/# refused")
                        self.assertTrue(connected(status))
                self.assert_logged(sink, "subscription to a/# refused", 1)

    def test_the_session_outlives_any_pause(self):
        with temporary() as folder, Server(5) as server, Sink(folder) as sink:
            sink.apply([source("one", server.port, ["a/#"])])
            with server.accept() as wire:
                expiry = wire.connect[11:16]  # the first property
                self.assertEqual(expiry[0], 0x11)  # Session Expiry Interval
                years = int.from_bytes(expiry[1:], "big") / (365 * 86400)
                self.assertGreater(years, 60)

    def test_a_subscription_that_the_broker_does_not_end_is_told_once(self):
        with temporary() as folder, Server(5) as server, Sink(folder) as sink:
            sink.apply([source("one", server.port, ["a/#", "b"])])
            with server.accept() as wire:
                server.accept_subscription(wire)
                server.accept_subscription(wire)
                sink.wait_connected("one")
                sink.apply([source("one", server.port, ["b"])])
            for code in (0x87, 0x87, 0x11):  # 0x11: there is no such subscription
                with server.accept(present=True) as wire:
                    server.answer_unsubscription(wire, code)
                    server.accept_subscription(wire)
                    self.assertEqual(sink.wait_connected("one")["error"], "")
            with server.accept(present=True) as wire:  # not asked again
                server.accept_subscription(wire)
                sink.wait_connected("one")
            self.assert_logged(sink, "does not end the subscription to a/#: not authorised",
                               1)

    def test_the_reason_of_a_broker_that_ends_it_is_logged(self):
        with Server(5) as server:
            sink = self.sink()
            sink.apply([source("one", server.port, ["a/#"])])
            wire = self.enterContext(server.accept())
            server.accept_subscription(wire)
            wire.send(b"\xe0\x02\x8e\x00")  # DISCONNECT, session taken over
            wire.close()
            self.enterContext(server.accept(present=True))
            status = sink.wait_connected("one")
            self.assert_logged(sink, "another client with the same client id", 1)
            # the other one will want it again: status does not forget it at once
            self.assertIn("another client with the same client id", status["error"])

    def test_a_filter_is_given_back_though_a_second_reload_came_first(self):
        broker, sink = self.broker(), self.sink()
        sink.apply([source("one", broker.port, ["c", "d"])])
        broker.wait_subscribed("kogge-one")
        sink.wait_connected("one")
        broker.stop()
        sink.apply([source("one", broker.port, ["d"])])  # the broker can't be told
        sink.apply([source("one", broker.port, ["d", "e"])])
        broker.start()
        broker.wait_log(r"kogge-one 1 e$")
        with Publisher(broker.port) as p:
            p.publish("c", b"no longer wanted")
            p.publish("d", b"1")
            p.publish("e", b"2")
        self.inbox.wait_count(2)
        self.assertEqual(sorted(self.inbox.rows("SELECT topic FROM messages")),
                         [("d",), ("e",)])

    def test_a_filter_taken_out_while_the_hub_is_down_is_given_back(self):
        for version in (5, 3):
            with self.subTest(version=version), temporary() as folder:
                broker = self.broker()
                old = source("one", broker.port, ["c", "d"], version=version)
                new = source("one", broker.port, ["d", "e"], version=version)
                with Sink(folder) as sink:
                    sink.apply([old])
                    broker.wait_subscribed("kogge-one")
                    sink.wait_connected("one")
                    sink.quit()
                broker.stop()
                with Sink(folder) as sink:  # dies before it could tell the broker
                    sink.apply([new])
                    self.wait_error(sink, "one", "refused")
                    sink.kill()
                broker.start()
                with Sink(folder) as sink:
                    sink.apply([new])
                    broker.wait_log(r"Received UNSUBSCRIBE from kogge-one$")
                    broker.wait_log(r"kogge-one 1 e$")
                    with Publisher(broker.port) as p:
                        p.publish("c", b"no longer wanted")
                        p.publish("d", b"1")
                        p.publish("e", b"2")
                    inbox = Inbox(folder)
                    inbox.wait_count(2)
                    self.assertEqual(sorted(inbox.rows("SELECT topic FROM messages")),
                                     [("d",), ("e",)])
                    inbox.wait_rows("SELECT filter FROM filters", [("d",), ("e",)])
                    sink.kill()
                broker.stop()
                os.remove(broker.folder + "/mosquitto.db")  # it knows of no session
                broker.start()
                with Sink(folder) as sink:
                    sink.apply([source("one", broker.port, ["e"], version=version)])
                    broker.wait_subscribed("kogge-one")
                    self.assertNotIn("UNSUBSCRIBE", broker.read_log())
                    inbox.wait_rows("SELECT filter FROM filters", [("e",)])

    def test_reload_keeps_what_has_not_changed(self):
        broker, sink = self.broker(), self.sink()
        same = source("same", broker.port, ["a/#"])
        sink.apply([same, source("gone", broker.port, ["b"]),
                    source("other", broker.port, ["c", "d"])])
        before = {n: sink.wait_connected(n) for n in ("same", "gone", "other")}
        broker.wait_subscribed("kogge-same", "kogge-gone", "kogge-other")
        answer = sink.apply([same, source("other", broker.port, ["d", "e"]),
                             source("new", broker.port, ["b"])], ceiling=2000)
        self.assertEqual(answer, ["done", ""])
        after = {n: sink.wait_connected(n) for n in ("same", "other", "new")}
        self.assertEqual(sorted(sink.status()), ["new", "other", "same"])
        self.assertEqual(after["same"]["since"], before["same"]["since"])
        self.assertEqual(after["other"]["present"], "1")
        broker.wait_log(r"kogge-other 1 e$")  # SUBSCRIBE comes behind UNSUBSCRIBE
        broker.wait_subscribed("kogge-new")
        with Publisher(broker.port) as p:
            p.publish("c", b"no longer wanted")
            p.publish("d", b"2")
            p.publish("e", b"1")
            p.publish("b", b"3")
            p.publish("a/x", b"x" * 2001)
        self.inbox.wait_count(4)
        self.assertEqual(sorted(self.inbox.rows("SELECT topic, full_size FROM messages")),
                         [("a/x", 2001), ("b", None), ("d", None), ("e", None)])
        answer = sink.apply([{**same, "broker": "http://nowhere"}])
        self.assertEqual(answer[0], "configuration invalid")
        self.assertIn("mqtt://", answer[1])
        self.assertTrue(connected(sink.status()["same"]))  # nothing has changed


class Tls(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(os.path.join(self.folder, "ca"))

    def tls_source(self, broker, name="one", host="localhost", **fields):
        fields.setdefault("ca_file", self.authority.certificate)
        return source(name, broker.port, ["a/#"], tls=True, host=host, **fields)

    def test_authority_and_client_certificate(self):
        broker = self.broker(tls=self.authority, client_certificates=True)
        certificate, key = self.authority.issue("hub")
        sink = self.sink()
        both = {"certificate_file": certificate, "key_file": key}
        sink.apply([self.tls_source(broker, **both),
                    self.tls_source(broker, "three", version=3, **both),
                    self.tls_source(broker, "bare")])
        broker.wait_subscribed("kogge-one", "kogge-three")
        self.wait_error(sink, "bare", "client certificate|certificate required")
        with Publisher(broker.port, tls=broker.client_context()) as p:
            p.publish_many([("a/x", b"%d" % i) for i in range(3000)])
        self.inbox.wait_count(6000)
        self.assertLess(sink.quit(), 1000)

    def test_a_wrong_authority_and_a_wrong_name_are_refused_with_a_sentence(self):
        other = Authority(os.path.join(self.folder, "other"), "somebody else")
        broker = self.broker(tls=self.authority)
        misnamed = self.broker(tls=self.authority, name="elsewhere.example")
        sink = self.sink()
        sink.apply([self.tls_source(broker, "ca", ca_file=other.certificate),
                    self.tls_source(misnamed, "name"),
                    self.tls_source(broker, "file", ca_file="/nowhere.pem"),
                    self.tls_source(broker, "good")])
        sink.wait_connected("good")
        self.wait_error(sink, "ca", "certificate verify failed")
        self.wait_error(sink, "name", "certificate does not name localhost")
        self.wait_error(sink, "file", "ca_file /nowhere.pem: No such file")
        for name in ("ca", "name", "file"):
            self.assertFalse(connected(sink.status()[name]))


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def fsync_s(folder):
    """Seconds of a slow one among some, on the same disk."""
    spent = []
    with open(os.path.join(folder, "probe"), "wb") as f:
        for _ in range(20):
            begin = time.monotonic()
            f.write(b"x" * 8192)
            f.flush()
            os.fdatasync(f.fileno())
            spent.append(time.monotonic() - begin)
    return sorted(spent)[-2]


if __name__ == "__main__":
    if not PROGRAM or not shutil.which("openssl"):
        print("SKIP test_ingest: mosquitto or openssl is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
