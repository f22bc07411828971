#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The hub as an operator has it: start, stop, reload, kill, and what the verbs say."""
import glob
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Publisher

MODEL = {"model": "buoy", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"},
                    {"field": "/bat", "parameter": "battery_voltage", "unit": "V"}]}
BASE_MS = int(time.time() * 1000) - 86400000


def message(name, number, value=None):
    return json.dumps({"id": name, "ms": BASE_MS + number,
                       "t": value if value is not None else number % 2500 / 100}).encode()


def when(number):
    """With the decimals that are needed, as kogge writes times."""
    ms = BASE_MS + number
    decimals = f".{ms % 1000:03}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + decimals + "Z"


class World(unittest.TestCase):
    """One broker, a folder with one city and one buoy."""

    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        self.make_folder()

    def make_folder(self, **others):
        self.folder = Folder(self.root + "/conf", [
            source("buoys", self.broker.port, ["buoy/#"], format="json", city="probe",
                   device="/id")], **others)
        self.folder.put_model(MODEL)
        self.folder.put_city("probe", station("kai"))
        self.folder.put_device("probe", device("b1", "buoy", "kai"))

    def start(self, **others):
        hub = Hub(self.folder.path, self.data, **others)
        self.addCleanup(hub.__exit__)
        return hub

    def send(self, *messages):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many(messages)
            publisher.leave()

    def send_numbers(self, name, *numbers):
        self.send(*((f"buoy/{name}", message(name, n)) for n in numbers))

    def ask(self, *arguments, **others):
        return kogge(*arguments, "--config", self.folder.path, "--data", self.data, **others)

    def dump(self):
        done = self.ask("dump")
        self.assertEqual(done.code, 0, done.err)
        return [line.split("\t") for line in done.out.splitlines()]


class Start(World):
    def run_once(self):
        return kogge("run", "--config", self.folder.path, "--data", self.data, timeout=30)

    def test_a_faulty_configuration_and_none_accepted_is_5(self):
        self.folder.put("devices/buoy.json", {**MODEL, "fieldz": []})
        done = self.run_once()
        self.assertEqual(done.code, 5)
        self.assertIn("devices/buoy.json", done.err)
        self.assertIn("no accepted one", done.err)

    def test_a_faulty_configuration_runs_with_the_accepted_one_and_says_so(self):
        self.start().stop()
        self.folder.put("devices/buoy.json", {**MODEL, "fieldz": []})
        hub = self.start()
        for _ in range(2):
            status = hub.ask("status", "--json")
            self.assertEqual(status.code, 3)
            self.assertIn("last accepted one holds", json.loads(status.out)["hub"]["warning"])
        self.assertIn("last accepted one holds", hub.ask("status").out)
        hub.wait_connected()
        self.send_numbers("b1", 1)
        hub.wait_messages(1)
        self.assertEqual(len(self.dump()), 1)
        self.folder.put_model(MODEL)
        self.assertEqual(hub.ask("reload").code, 0)
        self.assertIsNone(hub.status()["hub"]["warning"])

    def test_a_configuration_that_is_gone_runs_with_the_accepted_one(self):
        self.start().stop()
        os.rename(self.folder.path, self.folder.path + "-away")
        self.assertTrue(self.start().status()["hub"]["warning"])

    def test_two_hubs_in_one_folder_the_second_is_6(self):
        hub = self.start()
        done = self.run_once()
        self.assertEqual(done.code, 6)
        self.assertIn("another hub", done.err)
        self.assertTrue(hub.status()["hub"]["running"])

    def test_a_newer_store_is_refused_with_a_sentence(self):
        self.start().stop()
        for name in ("hub.db", "inbox.db", "outbox.db"):
            with self.subTest(name):
                path = f"{self.data}/{name}"
                if not os.path.exists(path):
                    continue
                shutil.copy(path, path + ".kept")
                db = sqlite3.connect(path)
                db.execute("PRAGMA user_version = 4711")
                db.commit()
                db.close()
                done = self.run_once()
                self.assertEqual(done.code, 1)
                self.assertIn("newer", done.err)
                os.replace(path + ".kept", path)
        self.start()

    def test_the_broker_may_be_away_at_the_start(self):
        self.broker.stop()
        hub = self.start()
        status = hub.wait_status(lambda s: s["sources"][0].get("error"))
        self.assertFalse(status["sources"][0]["connected"])
        self.assertIn("not connected", hub.ask("status").out)
        self.assertEqual(hub.ask("status").code, 3)
        self.broker.start()
        hub.wait_connected()
        self.send_numbers("b1", 1)
        hub.wait_messages(1)

    def test_sigterm_stops_within_3_s(self):
        hub = self.start()
        hub.wait_connected()
        self.send_numbers("b1", *range(2000))
        begin = time.monotonic()
        self.assertEqual(hub.stop(), 0)
        self.assertLess(time.monotonic() - begin, 3)
        self.assertFalse(os.path.exists(self.data + "/hub.sock"))

    def test_sigterm_stops_while_the_broker_is_away(self):
        self.broker.stop()
        hub = self.start()
        begin = time.monotonic()
        self.assertEqual(hub.stop(), 0)
        self.assertLess(time.monotonic() - begin, 3)

    def test_status_of_a_hub_that_is_down_is_4(self):
        self.assertEqual(self.ask("status").code, 4)
        self.start().stop()
        done = self.ask("status", "--json")
        self.assertEqual(done.code, 4)
        self.assertFalse(json.loads(done.out)["hub"]["running"])
        self.assertIn("is down", self.ask("status").out)
        self.assertEqual(self.ask("reload").code, 4)


class Reload(World):
    def test_a_device_added_takes_in_what_waited(self):
        hub = self.start()
        hub.wait_connected()
        self.send_numbers("b2", 1, 2, 3)
        hub.wait_messages(3)
        self.assertEqual(self.dump(), [])
        pending = json.loads(hub.ask("devices", "pending", "--json").out)["pending"]
        self.assertEqual([(p["device"], p["messages"]) for p in pending], [("b2", 3)])
        self.assertEqual(pending[0]["fields"], ["/ms", "/t"])
        done = hub.ask("devices", "new", "b2", "--city", "probe", "--model", "buoy", "--station",
                       "kai", "--from", "2020-01-01T00:00:00Z")
        self.assertEqual(done.code, 0, done.err)
        hub.wait_status(lambda s: s["sources"][0]["pending"] == 0)
        self.assertEqual({row[6] for row in self.dump()}, {"0.01", "0.02", "0.03"})
        nothing = hub.ask("devices", "pending")
        self.assertEqual((nothing.code, nothing.out), (0, ""))

    def test_a_device_is_written_though_another_file_is_faulty(self):
        hub = self.start()
        self.folder.put("devices/other.json", {"model": "other", "fieldz": []})
        done = hub.ask("devices", "new", "b2", "--city", "probe", "--model", "buoy", "--station",
                       "kai", "--from", "2020-01-01T00:00:00Z", "--to", "2021-01-01T00:00:00Z")
        self.assertEqual(done.code, 5)
        self.assertIn("devices/other.json", done.err)
        self.assertIn("the file is written; mend what is named above", done.err)
        with open(done.out.strip(), encoding="utf-8") as file:
            placement, = json.load(file)["at"]
        self.assertEqual(placement["to"], "2021-01-01T00:00:00Z")
        os.remove(self.folder.path + "/devices/other.json")
        self.assertEqual(hub.ask("reload").code, 0)
        self.assertIn("b2", hub.ask("devices").out)

    def test_a_refused_reload_keeps_the_old_one(self):
        hub = self.start()
        hub.wait_connected()
        self.folder.put("devices/buoy.json", {**MODEL, "fieldz": []})
        done = hub.ask("reload")
        self.assertEqual(done.code, 5)
        self.assertIn("fieldz", done.out + done.err)
        self.assertIn("the old one holds", done.err)
        self.assertIn("the old one holds", hub.status()["hub"]["warning"])
        self.send_numbers("b1", 1)
        hub.wait_messages(1)
        self.assertEqual(len(self.dump()), 1)

    def test_sighup_reloads(self):
        hub = self.start()
        hub.wait_connected()
        self.send_numbers("b2", 1)
        hub.wait_messages(1)
        self.folder.put_device("probe", device("b2", "buoy", "kai"))
        hub.process.send_signal(signal.SIGHUP)
        hub.wait_status(lambda s: s["sources"][0]["pending"] == 0)
        self.assertEqual(len(self.dump()), 1)

    def test_it_says_whether_the_new_one_only_adds(self):
        hub = self.start()
        self.folder.put_device("probe", device("b2", "buoy", "kai"))
        added = hub.ask("reload")
        self.assertIn("only adds", added.err)
        changed = json.loads(json.dumps(MODEL))
        changed["fields"][0]["position"] = "bottom"
        self.folder.put_model(changed)
        done = hub.ask("reload")
        self.assertEqual(done.code, 0)
        self.assertIn("what is stored stays as it is", done.err)
        self.assertEqual(done.out, "")
        silent = hub.ask("reload", "--quiet")
        self.assertEqual(silent, (0, "", ""))

    def test_a_new_source_is_connected_and_an_old_one_left(self):
        hub = self.start()
        hub.wait_connected()
        self.folder.put("hub.json", {**self.folder.hub, "sources": [
            source("others", self.broker.port, ["other/#"], format="json", city="probe",
                   device="/id")]})
        self.assertEqual(hub.ask("reload").code, 0)
        hub.wait_status(lambda s: any(r["source"] == "others" and r.get("connected")
                                      for r in s["sources"]))
        self.send(("other/1", message("b1", 9)))
        hub.wait_messages(1)
        self.assertEqual(len(self.dump()), 1)


class Verbs(World):
    def setUp(self):
        super().setUp()
        self.hub = self.start()
        self.hub.wait_connected()

    def test_trace_shows_every_step_and_the_message(self):
        self.send_numbers("b1", 1250)
        self.hub.wait_messages(1)
        done = self.hub.ask("trace", "kai", "water_temperature", when(1250))
        self.assertEqual(done.code, 0, done.err)
        for word in ("12.5 degC", "gross_range_test:1", "/t = 12.5 degC", "device b1, model buoy",
                     "buoy/b1", '"id": "b1"', "buoys"):
            self.assertIn(word, done.out)
        none = self.hub.ask("trace", "kai", "water_temperature", when(1))
        self.assertEqual((none.code, none.out), (1, ""))
        self.assertIn("the nearest one is of " + when(1250), none.err)

    def test_trace_cuts_a_long_message_unless_asked(self):
        long = json.dumps({"id": "b1", "ms": BASE_MS, "t": 1, "x": "y" * 3000}).encode()
        self.send(("buoy/b1", long))
        self.hub.wait_messages(1)
        short = self.hub.ask("trace", "kai", "water_temperature", when(0))
        full = self.hub.ask("trace", "kai", "water_temperature", when(0), "--full")
        self.assertLess(len(short.out), 2400)
        self.assertIn("--full", short.out)
        self.assertIn("y" * 3000, full.out)

    def test_rejected_messages_have_a_reason_and_can_be_read(self):
        self.assertEqual(self.hub.ask("rejected").code, 0)
        self.send(("buoy/b1", b"{broken"))
        self.hub.wait_messages(1)
        done = self.hub.ask("rejected", "--json")
        self.assertEqual(done.code, 3)
        row, = json.loads(done.out)["rejected"]
        self.assertTrue(row["reason"])
        shown = self.hub.ask("rejected", "show", row["id"])
        self.assertEqual(shown.code, 0)
        self.assertIn("{broken", shown.out)
        self.assertIn(row["reason"], shown.out)
        text = self.hub.ask("rejected")
        self.assertRegex(text.out, r"^1  20\d\d-\d\d-\d\dT[0-9:]{8}Z  buoys  ")
        self.assertIn("rejected show", text.err)
        self.assertTrue(row["arrived"].startswith("20"))
        self.send_numbers("b1", 7)
        self.hub.wait_messages(2)
        shown = self.hub.ask("rejected", "show", "2")
        self.assertTrue(shown.out.startswith("message  2, stored\nreason   each reading"))
        shown = json.loads(self.hub.ask("rejected", "show", "2", "--json").out)["message"]
        self.assertEqual((shown["fate"], shown["reason"]), ("stored", ""))
        self.assertEqual(self.hub.ask("rejected", "show", "999").code, 1)
        self.assertEqual(self.hub.ask("rejected", "show", "x").code, 2)

    def test_conflicts_name_both_values(self):
        self.send(("buoy/b1", message("b1", 7, 11)), ("buoy/b1", message("b1", 7, 12)))
        self.hub.wait_messages(2)
        done = self.hub.ask("conflicts", "--json")
        self.assertEqual(done.code, 3)
        row, = json.loads(done.out)["conflicts"]
        self.assertEqual({row["held"], row["kept"]}, {11, 12})
        self.assertEqual(len(self.dump()), 1)
        self.assertIn("held", self.hub.ask("conflicts").out)

    def test_devices_show_their_battery(self):
        self.send(("buoy/b1", json.dumps({"id": "b1", "ms": BASE_MS, "bat": 3.6}).encode()))
        self.hub.wait_messages(1)
        row, = json.loads(self.hub.ask("devices", "--json").out)["devices"]
        self.assertEqual(row["station"], "kai")
        self.assertEqual(row["housekeeping"]["battery_voltage"]["value"], 3.6)
        self.assertIn("3.6 V", self.hub.ask("devices").out)
        row, = (r.split("\t") for r in self.hub.ask("dump").out.splitlines())
        self.assertEqual(row[1:4], ["b1", "battery_voltage", "device"])

    def test_pending_devices_in_words(self):
        self.send_numbers("b7", 1)
        self.hub.wait_messages(1)
        one = self.hub.ask("devices", "pending")
        self.assertEqual(one.code, 3)
        self.assertIn("1 message,", one.out)
        self.send_numbers("b7", 2)
        self.hub.wait_messages(2)
        self.assertIn("2 messages, first", self.hub.ask("devices", "pending").out)

    def test_export_and_publish_without_portals(self):
        self.folder.put("datasets/water.json", {
            "dataset": "water", "title": {"de": "Wasser", "en": "Water"},
            "notes": {"de": "Test", "en": "Test"}, "parameters": ["water_temperature"],
            "grid": "raw", "licence": "dl-zero-de/2.0", "frequency": "10MIN", "tags": ["water"],
            "targets": [], "demonstration": False})
        self.assertEqual(self.hub.ask("reload").code, 0)
        self.send_numbers("b1", 1, 2)
        self.hub.wait_messages(2)
        done = self.hub.ask("export")
        self.assertEqual(done.code, 0, done.err)
        files = glob.glob(self.data + "/export/**/*.csv", recursive=True)
        self.assertTrue(files)
        for path in files:
            self.assertIn(path, done.out)
        self.assertEqual(self.hub.ask("export", "--quiet"), (0, "", ""))
        self.assertEqual(self.hub.ask("publish", "--once").code, 0)
        self.hub.stop()
        self.assertEqual(self.ask("export").code, 0)
        self.assertEqual(self.ask("publish", "--once").code, 0)
        with open(min(files), encoding="utf-8") as file:
            self.assertTrue(file.readline().startswith("time,city,station,parameter,"))

    def test_status_has_all_that_is_promised(self):
        self.send_numbers("b1", 1)
        self.send_numbers("b9", 1)
        self.send(("buoy/b1", b"nonsense"))
        self.hub.wait_messages(3)
        done = self.hub.ask("status", "--json")
        self.assertEqual(done.code, 3)
        status = json.loads(done.out)
        self.assertIsInstance(status["schema"], int)
        for rows, name in ((status["sources"], "buoys"), (status["cities"], "probe")):
            row = next(r for r in rows if name in (r.get("source"), r.get("city")))
            self.assertEqual([row[k] for k in ("messages", "rejected", "pending", "waiting",
                                               "lag_s")], [3, 1, 1, 0, 0])
            self.assertTrue(row["last_message"])
            self.assertGreaterEqual(row["readings"], 2)
        self.assertEqual(status["portals"], [])
        text = self.hub.ask("status").out
        for heading in ("SOURCE", "STATE", "LAST MESSAGE", "MESSAGES", "READINGS", "REJECTED",
                        "PENDING", "LOST SESSIONS", "CITY"):
            self.assertIn(heading, text)
        self.assertIn(" s ago", text)


if __name__ == "__main__":
    if not brokers.PROGRAM:
        print("SKIP test_hub: no mosquitto")
        sys.exit(77)
    unittest.main()
