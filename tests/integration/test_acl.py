#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What kogge acl writes, at a real mosquitto: who may publish and read what, and who not.

mosquitto takes every subscription and judges each message when it is delivered: so
"may not read" is that nothing comes, while the message that follows it does come.
"""
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import unittest

import broker as brokers
from certificates import Authority
from kogge import Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Publisher, Subscriber, publish_packet

MODEL = {"model": "node", "formats": ["senml"],
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "Cel"}]}
NODE_A, NODE_B = "kogge/v1/aland/a1/", "kogge/v1/bland/b1/"
GROUP = "group-3f61c0a9d7e2"  # nobody guesses it
LIVE_A = "kogge/v1/aland/akai/water_temperature/observation"
TOPICS = [NODE_A + "up", NODE_A + "status", NODE_A + "receipt", NODE_A + "config", LIVE_A,
          NODE_B + "up", NODE_B + "status", NODE_B + "receipt", NODE_B + "config",
          LIVE_A.replace("aland/akai", "bland/bkai"), "pegel/x/level", "other/topic",
          "kogge/v1/aland/a2/up", "$SYS/broker/uptime"]
# user -> what it may write, what it may read
HUB_A = [NODE_A + "receipt", NODE_A + "config", LIVE_A]
RULES = {
    "hub-a": (HUB_A, [NODE_A + "up", "kogge/v1/aland/a2/up", NODE_A + "status"]),
    "hub-plain": (HUB_A, ["pegel/x/level", NODE_A + "status"]),
    "from-plain": (["pegel/x/level"], []),
    "hub-wide": (HUB_A, [NODE_A + "config", NODE_B + "config", NODE_A + "status"]),
    "from-wide": ([], []),  # its filter takes nodes' topics, which are not its to write
    "aland.a1": ([NODE_A + "up", NODE_A + "status"], [NODE_A + "receipt", NODE_A + "config"]),
    "bland.b1": ([NODE_B + "up", NODE_B + "status"], [NODE_B + "receipt", NODE_B + "config"]),
    "public": ([], [LIVE_A, LIVE_A.replace("aland/akai", "bland/bkai")]),
}
END = "end/of/test"
# As a client may ask for the same: mosquitto grants each of these to everybody.
WAYS = ["{}", "#", "+/#", "{deep}", "$share/some-group/{}", "$share/some-group/#"]


class World(unittest.TestCase):
    def setUp(self):
        self.root = temporary(self)
        self.out = self.root + "/broker"
        self.port = brokers.free_port()
        self.process = None
        self.addCleanup(self.stop)

    def make_folder(self, scheme="mqtt", **others):
        sources = [source("a", self.port, ["kogge/v1/aland/+/up"], format="senml",
                          city="aland", user="hub-a",
                          password_file=self.root + "/hub-a.pass"),
                   source("b", self.port, ["kogge/v1/bland/+/up"], format="senml",
                          city="bland"),
                   source("plain", self.port, [f"$share/{GROUP}/pegel/#"], format="number",
                          city="aland", topic="pegel/{device}/{field}"),
                   source("wide", self.port, ["+/v1/+/+/config"], format="json",
                          city="aland", device="/d")]
        for s in sources:
            s.update({"broker": f"{scheme}://127.0.0.1:{self.port}", **others})
        folder = Folder(self.root + "/conf", sources)
        folder.put_model(MODEL)
        for city in ("a", "b"):
            folder.put_city(city + "land", station(city + "kai"))
            folder.put_device(city + "land", device(city + "1", "node", city + "kai"))
        with open(self.root + "/hub-a.pass", "w", encoding="ascii") as file:
            file.write("chosen by hand\n")
        self.folder = folder

    def acl(self, *arguments):
        return kogge("acl", "--broker", "mosquitto", "--out", self.out, "--config",
                     self.folder.path, "--data", self.root + "/data", *arguments)

    def start(self):
        """As written, with two lines for the test: who runs it, and one who may do all."""
        with open(self.out + "/mosquitto.conf", encoding="utf-8") as file:
            text = file.read()
        if os.path.exists(self.out + "/passwords"):
            subprocess.run(["mosquitto_passwd", "-b", self.out + "/passwords", "all", "all"],
                           check=True)
        with open(self.out + "/acl", "a", encoding="ascii") as file:
            file.write("\nuser all\ntopic readwrite #\ntopic read $SYS/#\n")
            for user in [*RULES, "aland.a2"]:
                file.write(f"\nuser {user}\ntopic read {END}\n")
        with open(self.root + "/test.conf", "w", encoding="utf-8") as file:
            file.write(text + f"\nuser root\npersistence_location {self.root}/\n"
                       f"log_dest file {self.root}/mosquitto.log\n")
        self.run_broker()

    def run_broker(self):
        self.stop()
        self.process = subprocess.Popen([brokers.PROGRAM, "-c", self.root + "/test.conf"],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not self.listens():
            self.assertIsNone(self.process.poll(), "mosquitto does not start")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def password(self, user):
        if user == "all":
            return "all"
        if user == "hub-a":
            return "chosen by hand"
        with open(f"{self.out}/users/{user}.pass", encoding="ascii") as file:
            return file.read()

    def client(self, kind, user, **others):
        if not others.get("tls"):
            others.update(user=user, password=self.password(user))
        others.setdefault("client_id", user + "-own")
        return kind(self.port, **others)

    def delivered(self, reader, sender):
        """Topics that come to reader, up to the end that sender then sends."""
        sender.publish(END, b"")
        got = []
        while (message := reader.read()) is not None:
            if message.topic == END:
                return got
            if message.qos:
                reader.ack(message)
            got.append(message.topic)
        raise AssertionError(f"the end did not come, only {got}")

    def arrived(self, reader, user):
        """A user has one connection: the reader itself sends the end."""
        reader.send(publish_packet(END, b"", qos=0))
        got = []
        while (message := reader.read()) is not None and message.topic != END:
            reader.ack(message)
            self.assertEqual(message.payload.decode(), user)
            got.append(message.topic)
        self.assertIsNotNone(message, "the end did not come")
        return got


class Passwords(World):
    def setUp(self):
        super().setUp()
        self.make_folder()

    def test_every_user_may_publish_what_is_written_and_nothing_else(self):
        done = self.acl()
        self.assertEqual(done.code, 3)
        self.assertIn(f"the broker reads {self.out}/mosquitto.conf", done.err)
        self.start()
        with self.client(Subscriber, "all") as reader:
            reader.subscribe("#")
            for user, (may_write, _) in RULES.items():
                with self.subTest(user), self.client(Publisher, user) as writer:
                    for topic in TOPICS:
                        if not topic.startswith("$"):
                            writer.publish(topic, user.encode())
                    # all that was sent has its answer: what was let through is on its way
                    self.assertEqual(sorted(self.arrived(reader, user)), sorted(may_write))

    def test_every_user_reads_what_is_written_and_nothing_else(self):
        self.acl()
        self.start()
        with self.client(Publisher, "all") as writer:
            for user, (_, may_read) in RULES.items():
                with self.subTest(user), self.client(Subscriber, user) as reader:
                    for topic in ("#", "$SYS/#"):
                        reader.subscribe(topic)
                    for topic in TOPICS:
                        if not topic.startswith("$"):
                            writer.publish(topic, b"1")
                    self.assertEqual(sorted(set(self.delivered(reader, writer))),
                                     sorted(may_read))

    def test_no_way_to_subscribe_leads_to_more(self):
        """Each user, each topic that is not his, each way to ask for it; and what is his
        does come by the same way."""
        self.acl()
        self.start()
        with self.client(Publisher, "all") as writer:
            for user, (_, may_read) in RULES.items():
                for topic in TOPICS:
                    with self.subTest(f"{user} {topic}"), self.client(Subscriber, user) as reader:
                        for way in WAYS:
                            reader.subscribe(way.format(topic, deep=topic.rsplit("/", 1)[0] + "/+"))
                        reader.subscribe(END)
                        if not topic.startswith("$"):
                            writer.publish(topic, b"1")
                        self.assertEqual(set(self.delivered(reader, writer)),
                                         {topic} & set(may_read))

    def test_a_node_of_no_city_and_a_node_of_the_same_city(self):
        """A user for each device of a city: none reads or writes for its neighbour."""
        self.folder.put_device("aland", device("a2", "node", "akai"))
        self.assertEqual(self.acl().code, 3)
        self.start()
        both = [f"kogge/v1/aland/{name}/{what}" for name in ("a1", "a2")
                for what in ("up", "status", "receipt", "config")]
        with self.client(Subscriber, "all") as reader, self.client(Publisher, "aland.a2") as node:
            reader.subscribe("#")
            for topic in both:
                node.publish(topic, b"aland.a2")
            self.assertEqual(sorted(self.arrived(reader, "aland.a2")),
                             ["kogge/v1/aland/a2/status", "kogge/v1/aland/a2/up"])
        with self.client(Publisher, "all") as writer, self.client(Subscriber, "aland.a2") as reader:
            for topic in ("#", *both, END):
                reader.subscribe(topic)
            for topic in both:
                writer.publish(topic, b"1")
            self.assertEqual(set(self.delivered(reader, writer)),
                             {"kogge/v1/aland/a2/receipt", "kogge/v1/aland/a2/config"})

    def test_a_group_that_is_guessed_easily_is_named(self):
        self.folder.hub["sources"][2]["subscribe"] = ["$share/hub/pegel/#"]
        self.folder.put("hub.json", self.folder.hub)
        done = self.acl()
        self.assertEqual(done.code, 3)
        self.assertIn("source plain: who guesses the group hub of its subscription", done.err)
        shutil.rmtree(self.out)
        self.folder.hub["sources"][2]["subscribe"] = [f"$share/{GROUP}/pegel/#"]
        self.folder.put("hub.json", self.folder.hub)
        self.assertNotIn("group", self.acl().err)

    def test_who_has_no_or_a_wrong_password_is_out(self):
        self.acl()
        self.start()
        for user, password in ((None, None), ("public", None), ("public", "wrong"),
                               ("aland.a1", self.password("bland.b1")), ("nobody", "x")):
            with self.subTest(user), self.assertRaises(ConnectionRefusedError):
                Subscriber(self.port, "x", user=user, password=password)

    def test_nobody_takes_over_the_session_of_another(self):
        self.acl()
        self.start()
        with self.client(Subscriber, "hub-a", client_id="hub-a", clean=False) as hub:
            hub.subscribe("kogge/v1/aland/+/up")
            with self.client(Subscriber, "public", client_id="hub-a"), \
                    self.client(Publisher, "aland.a1", client_id="hub-a") as node:
                node.publish(NODE_A + "up", b"still there")
                self.assertEqual(hub.read().payload, b"still there")

    def test_the_hub_works_with_it(self):
        self.acl()
        hub_json = self.folder.hub
        for s in hub_json["sources"]:
            s.setdefault("user", "hub-" + s["source"])
            s.setdefault("password_file", f"{self.out}/users/{s['user']}.pass")
        self.folder.put("hub.json", hub_json)
        self.start()
        with Hub(self.folder.path, self.root + "/data") as hub:
            hub.wait_connected()
            with self.client(Publisher, "aland.a1") as node:
                node.publish(NODE_A + "up", json.dumps(
                    [{"bn": "a1", "n": "t", "u": "Cel", "v": 4.5}]).encode())
            with self.client(Publisher, "from-plain") as server:
                server.publish("pegel/x/level", b"1")
            hub.wait_messages(2)
        self.assertEqual(kogge("acl", "--broker", "mosquitto", "--out", self.root + "/again",
                               "--data", self.root + "/data").code, 0)

    def test_nothing_is_overwritten_and_passwords_stay(self):
        self.assertEqual(self.acl().code, 3)
        before = self.password("public")
        again = self.acl()
        self.assertEqual(again.code, 1)
        self.assertIn("is there already", again.err)
        for name in ("passwords", "acl", "mosquitto.conf"):
            self.assertEqual(os.stat(f"{self.out}/{name}").st_mode & 0o777, 0o600)
            os.remove(f"{self.out}/{name}")
        more = device("a2", "node", "akai")
        self.folder.put_device("aland", more)
        done = self.acl()
        self.assertEqual(done.code, 3)
        self.assertEqual(self.password("public"), before)
        self.assertEqual([w for w in done.out.split() if "." in w and "/" not in w],
                         ["aland.a2"])

    def test_what_is_secret_is_shown_nowhere(self):
        done = self.acl()
        for name in ("passwords", "acl", "mosquitto.conf"):
            with open(f"{self.out}/{name}", encoding="ascii") as file:
                text = file.read() + done.out + done.err
            for user in RULES:
                self.assertNotIn(self.password(user), text)

    def test_an_id_that_can_not_be_a_user_writes_no_rule(self):
        self.folder.put("cities/aland/device-evil.json",
                        device("a9/up\nuser public\ntopic readwrite #", "node", "akai"))
        done = self.acl()
        if done.code != 5:  # the configuration may refuse it before
            self.assertIn("no user for device", done.err)
            with open(self.out + "/acl", encoding="utf-8") as file:
                self.assertNotIn("readwrite", file.read())

    def test_codes(self):
        self.assertEqual(kogge("acl").code, 2)
        other = kogge("acl", "--broker", "mosquito")
        self.assertEqual(other.code, 2)
        self.assertIn("did you mean mosquitto", other.err)
        self.assertIn("no broker is named hivemq; there is mosquitto",
                      kogge("acl", "--broker", "hivemq").err)
        sources = self.folder.hub["sources"]
        sources[2]["user"] = "hub-a"
        self.folder.put("hub.json", self.folder.hub)
        shared = self.acl()
        self.assertEqual(shared.code, 5)
        self.assertIn("share the user", shared.err)
        self.assertFalse(os.path.exists(self.out))
        self.assertEqual(self.acl("--certificates").code, 5)


class Certificates(World):
    """Mutual TLS: the certificate says who it is, and a list who is out."""

    def authority(self):
        authority = Authority(self.root + "/authority")
        folder = authority.folder
        with open(folder + "/crl.conf", "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca=ours\n[ours]\ndatabase={folder}/index.txt\n"
                       "default_md=sha256\ndefault_crl_days=30\n")
        with open(folder + "/index.txt", "w", encoding="ascii"):
            pass
        return authority

    def write_list(self, *revoked):
        ca = ["openssl", "ca", "-config", self.ca.folder + "/crl.conf", "-cert",
              self.ca.certificate, "-keyfile", self.ca.key]
        for name in revoked:
            subprocess.run([*ca, "-revoke", self.ca.issue(name)[0]], check=True,
                           stderr=subprocess.DEVNULL)
        subprocess.run([*ca, "-gencrl", "-out", self.out + "/tls/crl.pem"], check=True,
                       stderr=subprocess.DEVNULL)

    def setUp(self):
        super().setUp()
        self.ca = self.authority()
        self.make_folder("mqtts", ca_file=self.ca.certificate)
        done = self.acl("--certificates")
        self.assertEqual(done.code, 0, done.err)
        os.mkdir(self.out + "/tls")
        certificate, key = self.ca.issue("localhost")
        shutil.copy(self.ca.certificate, self.out + "/tls/ca.pem")
        shutil.copy(certificate, self.out + "/tls/server.pem")
        shutil.copy(key, self.out + "/tls/server.key")
        self.write_list()
        self.start()

    def tls(self, name):
        context = ssl.create_default_context(cafile=self.ca.certificate)
        if name:
            context.load_cert_chain(*self.ca.issue(name))
        return context

    def test_the_certificate_is_the_user(self):
        """What each may write is as with passwords; what he says of himself does not count."""
        with self.client(Subscriber, "", tls=self.tls("all"), client_id="x") as reader:
            reader.subscribe("#")
            for user, (may_write, _) in RULES.items():
                with self.subTest(user), Publisher(self.port, client_id="hub-a", tls=self.tls(user),
                                                   user="all", password="all") as writer:
                    for topic in TOPICS:
                        if not topic.startswith("$"):
                            writer.publish(topic, user.encode())
                    self.assertEqual(sorted(self.arrived(reader, user)), sorted(may_write))

    def test_each_reads_what_is_his_by_his_certificate(self):
        with self.client(Publisher, "", tls=self.tls("all"), client_id="x") as writer:
            for user, (_, may_read) in RULES.items():
                with self.subTest(user), self.client(Subscriber, "", tls=self.tls(user),
                                                     client_id="y") as reader:
                    for topic in ("#", *TOPICS):
                        reader.subscribe(topic)
                    for topic in TOPICS:
                        if not topic.startswith("$"):
                            writer.publish(topic, b"1")
                    self.assertEqual(set(self.delivered(reader, writer)), set(may_read))

    def test_without_a_certificate_or_with_a_revoked_one_there_is_no_way_in(self):
        refused = (ssl.SSLError, ConnectionError, OSError)
        with self.assertRaises(refused):
            self.client(Subscriber, "", tls=self.tls(None), client_id="x")
        self.client(Subscriber, "", tls=self.tls("aland.a1"), client_id="x").close()
        self.client(Subscriber, "", tls=self.tls("bland.b1"), client_id="x").close()
        self.write_list("aland.a1")
        self.run_broker()
        with self.assertRaises(refused):
            self.client(Subscriber, "", tls=self.tls("aland.a1"), client_id="x")
        self.client(Subscriber, "", tls=self.tls("bland.b1"), client_id="x").close()


if __name__ == "__main__":
    if not brokers.PROGRAM or not shutil.which("mosquitto_passwd"):
        print("SKIP test_acl: no mosquitto")
        sys.exit(77)
    unittest.main()
