#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The node needs no heap and no printf; kogge-node and the replay against a real broker."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path(os.environ["KOGGE_BIN"])
ROOT = Path(os.environ["KOGGE_ROOT"])
BANNED = {"malloc", "calloc", "realloc", "free", "aligned_alloc", "strdup", "printf", "fprintf", "sprintf", "snprintf",
          "vsnprintf", "puts", "putchar", "strtod", "alloca", "setlocale"}
ALLOWED = {"<stdint.h>", "<stddef.h>", "<stdbool.h>", "<string.h>", '"wire.h"'}


class Node(unittest.TestCase):
    def test_objects_reference_no_heap_and_no_printf(self):
        said = subprocess.run(["nm", "-u", BIN / "firmware" / "libkogge_node.a"], check=True, capture_output=True,
                              text=True).stdout
        symbols = set(re.findall(r"\bU (\w+)", said))
        self.assertIn("queue_put", symbols)  # the list is read right
        self.assertEqual({name for name in symbols if re.sub(r"^__|_chk$", "", name) in BANNED}, set())

    def test_files_include_only_what_every_compiler_has(self):
        files = sorted((ROOT / "firmware" / "node").glob("*.[ch]"))
        self.assertGreater(len(files), 5)
        for file in files:
            for header in re.findall(r"^#include (\S+)", file.read_text(), re.M):
                self.assertTrue(header in ALLOWED or header.startswith('"node/'), f"{file.name}: {header}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """A mosquitto that keeps its state over a restart."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kogge-test-")
        self.port, self.process = free_port(), None
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence true",
                 f"persistence_location {self.folder.name}/", "max_queued_messages 0", "log_dest stderr"]
        if os.geteuid() == 0:
            lines.append("user root")
        self.conf = Path(self.folder.name) / "broker.conf"
        self.conf.write_text("\n".join(lines) + "\n")
        self.url = f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        path = os.environ["PATH"] + ":/usr/sbin"
        log = open(Path(self.folder.name) / "broker.log", "w+")
        self.process = subprocess.Popen(["mosquitto", "-c", self.conf], stderr=log, env={**os.environ, "PATH": path})
        log.close()
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def subscribe(self, topic, count, timeout_s=30, client="listener"):
        """A process that ends after count messages, one a line: topic, retain, payload."""
        process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-p", str(self.port), "-q", "1", "-c", "-i", client, "-t", topic, "-C", str(count), "-W",
             str(timeout_s), "-F", "> %t %r %p", "-d"], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("Subscribed"):
                return process
        raise AssertionError("mosquitto_sub did not subscribe")


def received(process):
    """(topic, retained, document) of each message."""
    lines = process.communicate(timeout=60)[0].splitlines()
    messages = [line.split(" ", 3)[1:] for line in lines if line.startswith("> ")]
    return [(topic, retain == "1", json.loads(payload)) for topic, retain, payload in messages]


def samples(packs):
    """time -> {record: value}, and the books of each pack."""
    values, books = {}, []
    for pack in packs:
        base = pack[0]["bt"]
        books.append({r["n"]: r.get("v", r.get("vs")) for r in pack if not r["n"].startswith(":")})
        for record in pack:
            if record["n"].startswith(":"):
                values.setdefault(base + record.get("t", 0), {})[record["n"]] = record["v"]
    return values, books


class Host(unittest.TestCase):
    def setUp(self):
        self.broker = Broker()
        self.broker.start()
        self.addCleanup(self.broker.folder.cleanup)
        self.addCleanup(self.broker.stop)

    def node(self, *words):
        process = subprocess.Popen([BIN / "kogge-node", *map(str, words)], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def one(self, *words):
        return self.node("--broker", self.broker.url, "--city", "kiel", "--device", "kiel-node-1", *words)

    def wait_until_it_says(self, node, text):
        for line in node.stderr:
            if text in line:
                return
        self.fail(f"kogge-node ended before it said: {text}")

    def test_history_arrives_whole_and_the_same_each_time(self):
        twice = []
        for run in range(2):
            listener = self.broker.subscribe("kogge/v1/kiel/kiel-node-1/up", 8, client=f"run-{run}")
            node = self.one("--interval", 60, "--history", 7200, "--for", 0)
            self.assertEqual(node.wait(20), 0)
            twice.append(samples(pack for _, _, pack in received(listener)))
        (first, books), (second, others) = twice
        self.assertEqual(len(first), 120)
        self.assertEqual({len(values) for values in first.values()}, {5})
        common = first.keys() & second.keys()
        self.assertGreaterEqual(len(common), 118)
        self.assertEqual([first[t] for t in common], [second[t] for t in common])
        self.assertEqual(len({book["log"] for book in books}), 1)
        self.assertNotEqual(books[0]["log"], others[0]["log"])
        expected = 1
        for book in books:
            self.assertEqual((book["first"], book["held"]), (expected, expected))
            expected = book["seq"] + 1
        self.assertEqual(expected, 121)

    def test_status_is_retained_and_says_offline_after_a_clean_end(self):
        listener = self.broker.subscribe("kogge/v1/kiel/kiel-node-1/status", 2)
        node = self.one("--interval", 1)
        self.wait_until_it_says(node, "connected")
        node.send_signal(signal.SIGTERM)
        self.assertEqual(node.wait(10), 0)
        self.assertEqual([document["state"] for _, _, document in received(listener)], ["online", "offline"])
        (_, retained, document), = received(self.broker.subscribe("kogge/v1/kiel/+/status", 1, client="later"))
        self.assertTrue(retained)
        self.assertEqual(document["state"], "offline")

    def test_a_killed_node_leaves_its_will(self):
        topic = "kogge/v1/kiel/kiel-node-1/status"
        first = self.broker.subscribe(topic, 1)
        node = self.one("--interval", 1)
        self.assertEqual(received(first)[0][2]["state"], "online")
        listener = self.broker.subscribe(topic, 2, client="later")  # the retained one comes first
        node.kill()
        self.assertEqual([document["state"] for _, _, document in received(listener)], ["online", "offline"])

    def test_samples_outlive_an_absent_broker(self):
        listener = self.broker.subscribe("kogge/v1/kiel/kiel-node-1/up", 1000, 60)  # connects again by itself
        self.addCleanup(listener.stdout.close)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.kill)
        node = self.one("--interval", 1)
        packs = (json.loads(line.split(" ", 3)[3]) for line in listener.stdout if line.startswith("> "))
        found = [next(packs)]
        self.broker.stop()
        self.wait_until_it_says(node, "connection lost")
        back = time.time() + 2.5  # so that there are samples of the time without a broker
        while time.time() < back:
            time.sleep(0.1)
        self.broker.start()
        while max(samples(found)[0]) < back:
            found.append(next(packs))
        node.terminate()
        self.assertEqual(node.wait(10), 0)
        times = sorted(samples(found)[0])
        self.assertEqual(times, [times[0] + i for i in range(len(times))], "a second is missing")

    def test_many_stations_of_one_file(self):
        listing = Path(self.broker.folder.name) / "stations.json"
        listing.write_text(json.dumps([
            {"city": city, "device": f"{city}-node-1", "kind": kind, "seed": 5, "sensor_height_m": 41.5,
             "mean_level_m": 37.8} for city, kind in (("schwerin", "lake"), ("kiel", "coast"), ("rostock", "river"))]))
        listener = self.broker.subscribe("kogge/v1/+/+/up", 3)
        node = self.node("--broker", self.broker.url, "--stations", listing, "--interval", 3600, "--history", 3600,
                         "--for", 0)
        self.assertEqual(node.wait(20), 0)
        packs = received(listener)
        self.assertEqual({topic.split("/")[2] for topic, _, _ in packs}, {"schwerin", "kiel", "rostock"})
        for _, _, pack in packs:
            distance_mm, = {record["v"] for record in pack if record["n"] == ":distance"}
            self.assertTrue(3200 <= distance_mm <= 4000, distance_mm)

    def test_replay_publishes_each_kind_of_message(self):
        listener = self.broker.subscribe("#", 16)
        subprocess.run([sys.executable, "-B", ROOT / "tests" / "support" / "replay.py", "--broker", self.broker.url,
                        "--interval", "0.1", "--rounds", "4"], check=True, timeout=30, capture_output=True)
        found = received(listener)
        self.assertEqual(len(found), 16)
        ttn = [document for topic, _, document in found if topic.startswith("v3/")]
        counters = [document["uplink_message"]["f_cnt"] for document in ttn]
        self.assertEqual(counters, [counters[0] + i for i in range(4)])
        fields = [set(document["uplink_message"]["decoded_payload"]) for document in ttn]
        self.assertEqual(sum("water_depth" not in names for names in fields), 1)  # the battery alone
        self.assertTrue(all("battery_voltage" in names for names in fields))
        events = [document for topic, _, document in found if topic.startswith("application/")]
        self.assertTrue(all(len(event["rxInfo"]) == 3 for event in events))
        self.assertTrue(any(isinstance(event["object"].get("pressure", {}).get("value"), str) for event in events))
        numbers = [document for topic, _, document in found if topic.startswith("pegel/")]
        self.assertEqual({type(number) for number in numbers}, {float})


class Usage(unittest.TestCase):
    def ends(self, *words):
        done = subprocess.run([BIN / "kogge-node", *map(str, words)], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stderr

    def test_wrong_use_is_2_and_a_sentence(self):
        broker = ("--broker", "mqtt://127.0.0.1:1")
        one = (*broker, "--city", "kiel", "--device", "kiel-node-1")
        for words, part in (((), "--broker"), (broker, "--city"), ((*one, "--interval", "1.5"), "whole number"),
                            ((*one, "--kind", "sea"), "coast, lake or river"), ((*one, "extra"), "extra"),
                            ((*one, "--interval", "1", "--history", "9999999"), "at most"),
                            ((*broker, "--stations", "/nowhere.json"), "/nowhere.json"),
                            (("--broker", "http://x", "--city", "a", "--device", "b"), "mqtt://")):
            code, said = self.ends(*words)
            self.assertEqual(code, 2, words)
            self.assertIn(part, said)

    def test_stations_that_make_no_sense_are_2_and_a_sentence(self):
        good = {"city": "kiel", "device": "k", "kind": "lake", "seed": 1, "sensor_height_m": 4}
        for bad, part in (([], "1 to"), ({}, "1 to"), ([{**good, "kind": "sea"}], "coast, lake or river"),
                          ([{**good, "sensor_hight_m": 4}], "sensor_hight_m"), ([{"city": "kiel"}], "device"),
                          ([{**good, "device": "k" * 65}], "at most 64"), ([{**good, "seed": "1"}], "integer")):
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(bad, file)
                file.flush()
                code, said = self.ends("--broker", "mqtt://127.0.0.1:1", "--stations", file.name, "--for", "0")
            self.assertEqual(code, 2, bad)
            self.assertIn(part, said)

    def test_samples_that_nobody_took_are_1(self):
        code, said = self.ends("--broker", f"mqtt://127.0.0.1:{free_port()}", "--city", "kiel", "--device", "k",
                               "--interval", "1", "--history", "5", "--for", "0")
        self.assertEqual(code, 1)
        self.assertIn("not reachable", said)
        self.assertIn("5 not sent", said)


if __name__ == "__main__":
    unittest.main()
