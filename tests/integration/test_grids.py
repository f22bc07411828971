#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""kogge grids, as a researcher uses it: values of periods, gaps and why, main values, events;
and grids.db of a running hub."""
import json
import os
import sqlite3
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, judged_alone, kogge, source, station, temporary
from mqtt_wire import Publisher

HOUR_S = 3600
START_S = 1767225600  # 2026-01-01T00:00:00Z
MODEL = {"model": "probe", "time": {"field": "/time", "form": "rfc3339"},
         "fields": [{"field": "/temp", "parameter": "water_temperature", "unit": "degC"},
                    {"field": "/level", "parameter": "gauge_level", "unit": "m"},
                    {"field": "/rain", "parameter": "precipitation", "unit": "mm"}]}


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Grids(unittest.TestCase):
    def setUp(self):
        root = temporary(self)
        self.root, self.data = root, root + "/data"
        self.folder = Folder(root + "/conf", [
            {"source": "files", "city": "luebeck", "format": "json", "device": "/id"}])
        self.folder.put_model(MODEL)
        self.folder.put_city("luebeck", station("luebeck-harbour", reference_level=[
            {"value_m": 5.0, "datum": "gauge zero", "from": "2000-01-01T00:00:00Z", "source": "made up"}],
            tests=judged_alone("water_temperature", "gauge_level", "water_level")))
        self.folder.put_device("luebeck", device("probe-1", "probe", "luebeck-harbour", interval_s=600))

    def run_hub(self):
        hub = Hub(self.folder.path, self.data)
        self.addCleanup(hub.__exit__)
        return hub

    def feed(self, rows):
        """rows: (time in s, column, value)"""
        path = self.root + "/rows.csv"
        table = {}
        for at, column, value in rows:
            table.setdefault(at, {})[column] = value
        columns = ("/temp", "/level", "/rain")
        with open(path, "w", encoding="ascii") as file:
            file.write("time," + ",".join(c[1:] for c in columns) + "\n")
            for at in sorted(table):
                file.write(",".join([stamp(at), *(str(table[at].get(c, "")) for c in columns)]) + "\n")
        done = kogge("import", "--data", self.data, "--source", "files", "--device", "probe-1", path)
        self.assertEqual(done.code, 0, done)

    def ask(self, *words):
        done = kogge("grids", *words, "--data", self.data, "--json")
        self.assertEqual((done.code, done.err), (0, ""), done)
        return json.loads(done.out)

    def cells(self, *words):
        return self.ask("luebeck-harbour", *words)["grids"][0]["cells"]

    def test_values_and_their_coverage(self):
        hub = self.run_hub()
        self.feed([(START_S + 600 * k, "/temp", 4 + k % 2) for k in range(144 * 2 + 4)])
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
        days = self.cells("water_temperature", "--grid", "day")
        self.assertEqual([(c["start"], c["value"], c["n"], c["n_expected"]) for c in days],
                         [("2026-01-01T00:00:00Z", 4.5, 144, 144), ("2026-01-02T00:00:00Z", 4.5, 144, 144),
                          ("2026-01-03T00:00:00Z", None, 4, 144)])
        self.assertEqual(days[0]["end"], "2026-01-02T00:00:00Z")
        self.assertEqual((days[0]["parts"], days[0]["coverage"], days[0]["expected_from"]), (24, 1, "configuration"))
        self.assertEqual((days[0]["min"], days[0]["min_time"]), (4, "2026-01-01T00:00:00Z"))
        hydro = self.cells("water_temperature", "--grid", "hydroday")
        self.assertEqual([c["start"] for c in hydro],
                         ["2025-12-31T23:00:00Z", "2026-01-01T23:00:00Z", "2026-01-02T23:00:00Z"])
        hours = self.cells("water_temperature", "--grid", "hour", "--from", "2026-01-02T22:30:00Z")
        self.assertEqual([(c["start"], c["value"]) for c in hours],
                         [("2026-01-02T23:00:00Z", 4.5), ("2026-01-03T00:00:00Z", None)])
        month = self.cells("water_temperature", "--grid", "month")[0]
        self.assertEqual((month["value"], month["parts"], month["n_expected"]), (None, 2, 4464))
        # a window inside a day does not change the day
        part = self.cells("water_temperature", "--grid", "day", "--from", "2026-01-02T00:00:00Z", "--to",
                          "2026-01-02T01:00:00Z")
        self.assertEqual(part, days[1:2])
        text = kogge("grids", "luebeck-harbour", "water_temperature", "--data", self.data)
        self.assertEqual(text.code, 0)
        self.assertIn("grid day, [start, end) named by the start; value time: mean", text.out)
        self.assertRegex(text.out, r"2026-01-01T00:00:00Z +4.5 +4.5 +4 +2026-01-01T00:00:00Z +5 +")
        self.rain_is_a_sum(hub)

    def rain_is_a_sum(self, hub):
        self.feed([(START_S + 600 * k, "/rain", 0.5) for k in range(144)])
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
        grid = self.ask("luebeck-harbour", "precipitation", "--grid", "day")["grids"][0]
        self.assertEqual((grid["cells"][0]["value"], grid["cell_methods"]), (72, "time: sum"))

    def test_grids_of_a_running_hub_are_those_of_the_store(self):
        hub = self.run_hub()
        self.feed([(START_S + 600 * k, "/temp", 4) for k in range(144)])
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
        path = os.path.join(self.data, "grids.db")
        end = time.monotonic() + 60
        # 3 columns; a block a day for 10 minutes, hours, the day; two hydrological days; month, year
        while self.kept(path) < 21 and time.monotonic() < end:
            time.sleep(0.2)
        self.assertEqual(self.kept(path), 21)
        self.assertEqual(hub.stop(), 0)
        self.assertTrue(any("grids: 3 series put on grids anew" in line for line in hub.log), hub.log)

    def kept(self, path):
        with sqlite3.connect(path) as db:
            count = db.execute("SELECT count(*) FROM blocks").fetchone()[0]
        db.close()
        return count

    def test_gaps_say_why(self):
        hub = self.run_hub()
        self.feed([(START_S + 600 * k, "/temp", 4) for k in range(30) if not 10 <= k < 15])
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
        words = ("luebeck-harbour", "water_temperature", "--from", stamp(START_S), "--to", stamp(START_S + 18000))
        gap, = self.ask("gaps", *words)["series"][0]["gaps"]
        self.assertEqual((gap["from"], gap["to"], gap["missing"], gap["why"]),
                         (stamp(START_S + 5400), stamp(START_S + 9000), 5, "silent"))
        self.assertIn("counts no frames", gap["sentence"])
        done = kogge("grids", "gaps", *words, "--data", self.data)
        self.assertRegex(done.out, r"2026-01-01T01:30:00Z +2026-01-01T02:30:00Z +5 +silent")
        # before the device came there was none
        gap = self.ask("gaps", *words[:2], "--from", "2019-12-31T00:00:00Z", "--to",
                       "2019-12-31T12:00:00Z")["series"][0]["gaps"][0]
        self.assertEqual((gap["why"], gap["began_before"], gap["goes_on"]), ("no device", True, True))

    def test_a_surge_and_a_low(self):
        hub = self.run_hub()
        rise = [5 + min(k, 44 - k) / 10 for k in range(45)]
        low = [5 - min(k, 16 - k) / 10 for k in range(17)]
        self.feed([(START_S + 600 * k, "/level", round(v, 3)) for k, v in enumerate(rise + [5] * 200 + low)])
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
        surge, water = self.ask("events", "luebeck-harbour", "gauge_level")["series"][0]["events"]
        self.assertEqual((surge["event"], surge["peak"], surge["peak_time"], surge["reference"]),
                         ("storm-surge", 7.2, stamp(START_S + 22 * 600), 5))
        self.assertEqual([(c["class"], round(c["hours"], 3)) for c in surge["classes"]],
                         [(1, 4), (1.25, 3.167), (1.5, 2.333), (2, 0.667)])
        self.assertAlmostEqual(surge["rate_per_h"], 0.6)
        self.assertEqual((surge["coverage"], surge["n"], surge["n_suspect"]), (1, 25, 3))
        self.assertEqual((water["event"], round(water["peak"], 3)), ("low-water", 4.2))
        text = kogge("grids", "events", "luebeck-harbour", "gauge_level", "--data", self.data)
        self.assertRegex(text.out, r"storm-surge +\S+ +\S+ +7\.2 +\S+ +1: 4\.0 h, 1\.25: 3\.2 h")

    def test_main_values(self):
        hub = self.run_hub()
        self.folder.put_device("luebeck", device("probe-1", "probe", "luebeck-harbour", interval_s=HOUR_S))
        self.assertEqual(hub.ask("reload").code, 0)
        first = 1698793200  # 2023-10-31T23:00:00Z
        self.feed([(first + HOUR_S * k, "/level", 4.5 if k // 24 == 30 else 5 if k != 2000 else 7.5)
                   for k in range(366 * 24)])
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
        series = self.ask("main", "luebeck-harbour", "gauge_level")["series"][0]
        self.assertEqual((series["whole_years"], series["days"]), (1, 366))
        self.assertEqual(series["nw_lowest_daily_mean"], {"value": 4.5, "time": stamp(first + 30 * 86400)})
        self.assertEqual(series["hw_peak"], {"value": 7.5, "time": stamp(first + 2000 * HOUR_S), "flag": "3"})
        self.assertAlmostEqual(series["mw"], (365 * 5 + 4.5) / 366)
        text = kogge("grids", "main", "luebeck-harbour", "gauge_level", "--data", self.data)
        self.assertRegex(text.out, r"HW, peak +7\.5 +\S+, flagged suspect")

    def test_what_is_wrong_is_said(self):
        hub = self.run_hub()
        hub.wait_status(lambda s: s["hub"]["running"])
        for words, sentence in ((("luebeck-harbor", "water_temperature"), 'did you mean luebeck-harbour'),
                                (("luebeck-harbour", "water_temprature"), 'did you mean water_temperature'),
                                (("luebeck-harbour", "water_temperature", "--grid", "hours"), 'did you mean hour'),
                                (("luebeck-harbour", "battery_voltage"), "housekeeping"),
                                (("luebeck-harbour", "water_temperature", "--from", "today"), "--from today"),
                                (("luebeck-harbour", "water_temperature", "--from", "2026-01-02T00:00:00Z", "--to",
                                  "2026-01-01T00:00:00Z"), "--to is not after --from"),
                                (("main", "luebeck-harbour", "current_direction"), None)):
            done = kogge("grids", *words, "--data", self.data)
            if sentence is None:  # nothing is stored: nothing to refuse yet
                self.assertEqual(done.code, 0)
                continue
            self.assertEqual(done.code, 2, done)
            self.assertIn(sentence, done.err)
        done = kogge("grids", "luebeck-harbour", "water_temperature", "--data", self.data)
        self.assertEqual(done.code, 0)
        self.assertIn("no observation", done.err)


class Reasons(unittest.TestCase):
    """Of gaps: what the hub knows of messages, frames, sessions and itself."""

    def setUp(self):
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        root = temporary(self)
        self.data = root + "/data"
        folder = Folder(root + "/conf", [
            source("ttn", self.broker.port, ["ttn/+"], format="ttn", city="kiel"),
            source("json", self.broker.port, ["json/+"], format="json", device="/id", city="kiel")])
        folder.put_model({"model": "probe", "time": {"field": "/ms", "form": "unix_ms"},
                          "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC",
                                      "unit_field": "/u"}]})
        folder.put_city("kiel", *(station("kiel-" + name) for name in ("frames", "bad", "late", "quiet")))
        for name in ("frames", "bad", "late", "quiet"):
            folder.put_device("kiel", device(name, "probe", "kiel-" + name, interval_s=600))
        self.hub = Hub(folder.path, self.data)
        self.addCleanup(self.hub.__exit__)
        self.hub.wait_connected()
        self.now_s = int(time.time())
        self.sent = 0

    def send(self, topic, *documents):
        with Publisher(self.broker.port) as publisher:
            for document in documents:
                publisher.publish(topic, json.dumps(document).encode())
                self.sent += 1
            publisher.leave()
        self.hub.wait_messages(self.sent)

    def uplink(self, counter, ago_s):
        at = self.now_s - ago_s
        return {"end_device_ids": {"device_id": "frames", "dev_eui": "FRAMES"},
                "uplink_message": {"session_key_id": "k", "received_at": stamp(at), "f_cnt": counter,
                                   "decoded_payload": {"t": 9, "ms": 1000 * at}}}

    def reading(self, name, ago_s, value=9):
        return {"id": name, "ms": 1000 * (self.now_s - ago_s), "t": value}

    def gaps(self, name):
        done = kogge("grids", "gaps", "kiel-" + name, "water_temperature", "--data", self.data, "--json")
        self.assertEqual(done.code, 0, done)
        return [(g["why"], g["sentence"]) for g in json.loads(done.out)["series"][0]["gaps"]]

    def change_inbox(self, statement, *values):
        with sqlite3.connect(self.data + "/inbox.db") as db:
            db.execute(statement, values)
        db.close()

    def test_reasons(self):
        self.send("ttn/a", self.uplink(5, 12000), self.uplink(9, 6000), self.uplink(10, 3000), self.uplink(11, 0))
        self.assertEqual(self.gaps("frames"), [
            ("frames lost", "3 frames that frames sent did not arrive"),
            ("silent", "the sensor sent nothing: no frame is missing"),
            ("silent", "the sensor sent nothing: no frame is missing")])
        # what can't be used has arrived now, after the last good one
        self.send("json/a", self.reading("bad", 7200), self.reading("bad", -7200),
                  self.reading("late", 7200), {**self.reading("late", 0), "u": "grad X"}, self.reading("quiet", 7200))
        why, sentence = self.gaps("bad")[-1]
        self.assertEqual(why, "rejected")
        self.assertIn("1 message of bad came and could not be used", sentence)
        why, sentence = self.gaps("late")[-1]
        self.assertEqual((why, sentence), ("waiting", "1 message of late can't be placed yet: see kogge devices pending"))
        why, sentence = self.gaps("quiet")[-1]
        self.assertEqual((why, sentence), ("silent", "nothing was heard of the sensor, which counts no frames"))
        self.hub.stop()
        # all came long ago, and nothing since
        self.change_inbox("UPDATE messages SET arrival = (?)", 1000000 * (self.now_s - 8000))
        why, sentence = self.gaps("quiet")[-1]
        self.assertEqual(why, "nothing arrived")
        self.change_inbox("INSERT INTO holes SELECT id, ?, ? FROM sources WHERE name = 'json'",
                          1000000 * (self.now_s - 5000), 1000000 * (self.now_s - 4000))
        why, sentence = self.gaps("quiet")[-1]
        self.assertEqual((why, sentence),
                         ("session lost", "the broker of json forgot the hub's session, and what waited in it"))


if __name__ == "__main__":
    unittest.main()
