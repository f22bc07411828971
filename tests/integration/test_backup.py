#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""kogge backup of a hub under load, kogge restore of what a killed hub left behind."""
import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

import broker as brokers
from kogge import (PROGRAM, Folder, Hub, device, environment, kogge, source, station, temporary)
from mqtt_wire import Publisher

MODEL = {"model": "buoy", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
BASE_MS = int(time.time() * 1000) - 86400000
RATE = 800
FILES = ["accepted.json", "backup.json", "hub.db", "inbox.db", "outbox.db"]


def payload(number):
    """Every 50th is of a device that is not registered, every 70th is no JSON, and every
    90th says something else about a time that another one speaks of."""
    if number % 70 == 69:
        return b"{broken %d" % number
    at = number - 1 if number % 90 == 89 else number
    return json.dumps({"id": "b9" if number % 50 == 49 else "b1", "ms": BASE_MS + at,
                       "t": number % 2500 / 100}).encode()


def publish(port, numbers, rate=None):
    with Publisher(port) as publisher:
        publisher.publish_many((("buoy/b1", payload(n)) for n in numbers), 200, rate)
        publisher.leave()


class World(unittest.TestCase):
    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.copy = self.root + "/copies/monday"
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        self.folder = self.make_folder("conf", "kogge-buoys")

    def make_folder(self, name, client):
        folder = Folder(f"{self.root}/{name}", [
            {**source("buoys", self.broker.port, ["buoy/#"], format="json", city="probe",
                      device="/id"), "client_id": client}])
        folder.put_model(MODEL)
        folder.put_city("probe", station("kai"))
        folder.put_device("probe", device("b1", "buoy", "kai"))
        return folder

    def start(self, data=None, folder=None):
        hub = Hub((folder or self.folder).path, data or self.data)
        self.addCleanup(hub.__exit__)
        hub.wait_connected()
        return hub

    def ask(self, *arguments, data=None, **others):
        return kogge(*arguments, "--config", self.folder.path, "--data", data or self.data,
                     **others)

    def dump(self, data=None):
        done = self.ask("dump", data=data)
        self.assertEqual(done.code, 0, done.err)
        return done.out

    def numbers(self, folder, name="hub.db", sql="SELECT name, value FROM numbers"):
        db = sqlite3.connect(f"file:{folder}/{name}?mode=ro", uri=True, timeout=20)
        try:
            return dict(db.execute(sql).fetchall())
        finally:
            db.close()

    def make_copy(self, messages=20):
        """A hub that took some messages, backed up and stopped; what it knew."""
        hub = self.start()
        publish(self.broker.port, range(messages))
        hub.wait_messages(messages)
        done = hub.ask("backup", self.copy)
        self.assertEqual(done.code, 0, done.err)
        hub.stop()
        return self.dump()


class UnderLoad(World):
    def sender(self, stop, sent):
        def numbers():
            while not stop.is_set():
                yield len(sent)
                sent.append(None)
        return threading.Thread(target=publish, args=(self.broker.port, numbers(), RATE))

    def test_restored_and_replayed_it_equals_a_hub_that_was_never_disturbed(self):
        hub = self.start()
        other = self.start(self.root + "/whole", self.make_folder("conf2", "kogge-whole"))
        stop, sent = threading.Event(), []
        thread = self.sender(stop, sent)
        thread.start()
        try:
            hub.wait_messages(0)
            hub.wait_status(lambda s: s["sources"][0]["messages"] > 2000)
            begin, before = time.monotonic(), len(sent)
            done = hub.ask("backup", self.copy)
            took, during = time.monotonic() - begin, len(sent) - before
            self.assertEqual(done.code, 0, done.err)
            hub.wait_status(lambda s: s["sources"][0]["messages"] > before + 1500)
        finally:
            stop.set()
            thread.join()
        hub.kill()
        other.wait_messages(len(sent))
        outcomes = other.status()["sources"][0]["outcomes"]
        other.stop()
        print(f"back-up in {took * 1000:.0f} ms while {during} messages were sent")
        manifest = self.check_copy(done.out)
        self.assertLess(manifest["last"], len(sent))
        self.replay(manifest, len(sent), outcomes)

    def check_copy(self, said):
        self.assertEqual(sorted(os.listdir(self.copy)), FILES)
        self.assertEqual({oct(os.stat(f"{self.copy}/{f}").st_mode & 0o777) for f in FILES},
                         {"0o600"})
        with open(self.copy + "/backup.json", encoding="utf-8") as file:
            manifest = json.load(file)
        numbers = self.numbers(self.copy)
        self.assertEqual((manifest["cursor"], manifest["epoch"]), (numbers[0], numbers[2]))
        last = self.numbers(self.copy, "inbox.db", "SELECT 'last', max(id) FROM messages")
        self.assertEqual(last["last"], manifest["last"])
        self.assertLessEqual(manifest["cursor"], manifest["last"])
        self.assertGreater(manifest["cursor"], 0)
        size = sum(f["bytes"] for f in manifest["files"].values())
        for word in (str(size), str(manifest["cursor"]), str(manifest["last"])):
            self.assertIn(word, said)
        return manifest

    def replay(self, manifest, sent, outcomes):
        new = self.root + "/new"
        done = self.ask("restore", self.copy, data=new)
        self.assertEqual(done.code, 0, done.err)
        self.assertNotEqual(self.numbers(new)[2], manifest["epoch"])
        hub = self.start(new)
        status = hub.status()["sources"][0]
        self.assertEqual(status["lost_sessions"], 1)
        behind = manifest["last"]  # one connection: the inbox has them in the order sent
        publish(self.broker.port, range(behind, sent))
        hub.wait_messages(sent)
        restored, whole = self.dump(new), self.dump(self.root + "/whole")
        self.assertGreater(whole.count("\n"), 3000)
        self.assertTrue(restored == whole, "the dumps differ")
        now = hub.status()["sources"][0]["outcomes"]
        self.assertEqual(now["stored"], outcomes["stored"])
        # What the killed hub had not acknowledged the broker sends again by itself.
        for name in ("rejected", "pending", "conflict-kept"):
            self.assertGreater(outcomes[name], 0, name)
            self.assertGreaterEqual(now[name], outcomes[name], name)


class Backup(World):
    def test_a_folder_that_holds_something_is_refused(self):
        self.make_copy()
        done = self.ask("backup", self.copy)
        self.assertEqual(done.code, 1)
        self.assertIn("is there already", done.err)
        with open(self.root + "/file", "w", encoding="ascii"):
            pass
        self.assertEqual(self.ask("backup", self.root + "/file").code, 1)

    def test_an_empty_folder_is_taken_also_while_the_hub_is_down(self):
        dump = self.make_copy()
        os.mkdir(self.root + "/empty")
        done = self.ask("backup", self.root + "/empty/")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(sorted(os.listdir(self.root + "/empty")), FILES)
        self.assertEqual(self.dump(self.root + "/empty"), dump)

    def test_codes(self):
        self.assertEqual(self.ask("backup").code, 2)
        self.assertEqual(self.ask("backup", self.copy).code, 4)
        self.assertFalse(os.path.exists(self.copy))
        self.assertFalse(os.path.exists(self.copy + ".part"))

    def test_a_damaged_store_makes_no_backup(self):
        self.make_copy(200)
        shutil.rmtree(self.copy)
        with open(self.data + "/inbox.db", "r+b") as file:
            size = os.path.getsize(self.data + "/inbox.db")
            for page in range(6, size // 4096):
                file.seek(page * 4096)
                file.write(bytes(300))
        done = self.ask("backup", self.copy)
        self.assertEqual(done.code, 1)
        self.assertIn("inbox.db", done.err)
        self.assertFalse(os.path.exists(self.copy))

    def test_progress_is_for_terminals_only(self):
        self.make_copy()
        arguments = [PROGRAM, "backup", self.root + "/second", "--data", self.data]
        ours, theirs = pty.openpty()
        process = subprocess.Popen(arguments, env=environment(), stdout=subprocess.DEVNULL,
                                   stderr=theirs)
        self.assertEqual(process.wait(60), 0)
        os.close(theirs)
        self.assertIn(b"backup: hub.db, 100 %", os.read(ours, 65536))
        os.close(ours)
        self.assertEqual(self.ask("backup", self.root + "/third").err, "")


class Restore(World):
    def test_into_a_folder_that_is_not_there(self):
        dump = self.make_copy()
        new = self.root + "/far/away/new"
        done = self.ask("restore", self.copy, data=new)
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(self.dump(new), dump)
        self.assertEqual(os.stat(new).st_mode & 0o777, 0o711)
        for name in ("hub.db", "inbox.db", "outbox.db", "accepted.json"):
            self.assertEqual(os.stat(f"{new}/{name}").st_mode & 0o777, 0o600, name)
        self.assertFalse(os.path.exists(new + ".restoring"))

    def test_a_store_is_replaced_by_force_only_and_kept(self):
        dump = self.make_copy()
        hub = self.start()
        publish(self.broker.port, range(100, 120))
        hub.wait_messages(40)
        hub.stop()
        more = self.dump()
        self.assertNotEqual(more, dump)
        refused = self.ask("restore", self.copy)
        self.assertEqual(refused.code, 1)
        self.assertIn("--force", refused.err)
        self.assertEqual(self.dump(), more)
        done = self.ask("restore", self.copy, "--force")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(self.dump(), dump)
        before, = [n for n in os.listdir(self.root) if n.startswith("data.before-")]
        self.assertIn(before, done.err)
        self.assertEqual(self.dump(f"{self.root}/{before}"), more)
        self.start()

    def test_a_folder_without_a_store_needs_no_force_and_leaves_nothing_behind(self):
        dump = self.make_copy()
        os.mkdir(self.root + "/bare")
        self.assertEqual(self.ask("restore", self.copy, data=self.root + "/bare").code, 0)
        self.assertEqual(self.dump(self.root + "/bare"), dump)
        self.assertEqual([n for n in os.listdir(self.root) if n.startswith("bare.")], [])

    def test_a_running_hub_is_6(self):
        self.make_copy()
        hub = self.start()
        done = self.ask("restore", self.copy, "--force")
        self.assertEqual(done.code, 6)
        self.assertTrue(hub.status()["hub"]["running"])

    def test_what_is_no_backup_is_4(self):
        self.assertEqual(self.ask("restore").code, 2)
        self.assertEqual(self.ask("restore", self.root).code, 4)
        self.assertEqual(self.ask("restore", self.root + "/nowhere").code, 4)

    def test_a_changed_or_missing_file_is_1_and_nothing_is_touched(self):
        dump = self.make_copy()
        with open(self.copy + "/inbox.db", "r+b") as file:
            file.seek(5000)
            file.write(b"?")
        done = self.ask("restore", self.copy, "--force")
        self.assertEqual(done.code, 1)
        self.assertIn("SHA-256", done.err)
        os.remove(self.copy + "/inbox.db")
        self.assertEqual(self.ask("restore", self.copy, "--force").code, 1)
        for text in ("", "[", "{}", '{"backup": 1}', '{"backup": 9, "files": {}}',
                     "[" * 60000):
            with open(self.copy + "/backup.json", "w", encoding="ascii") as file:
                file.write(text)
            self.assertEqual(self.ask("restore", self.copy, "--force").code, 1, text[:20])
        self.assertEqual(self.dump(), dump)
        self.assertEqual(sorted(os.listdir(self.root)), ["conf", "copies", "data"])


if __name__ == "__main__":
    if not brokers.PROGRAM:
        print("SKIP test_backup: no mosquitto")
        sys.exit(77)
    unittest.main()
