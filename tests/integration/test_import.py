#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""kogge import: history from files into a running hub and into one that is down; twice is
once, and what was killed goes on where it ended."""
import json
import os
import pty
import sqlite3
import subprocess
import time
import unittest

from kogge import PROGRAM, Folder, Hub, device, environment, kogge, station, temporary

MODEL = {"model": "logger", "time": {"field": "/time", "form": "rfc3339"},
         "fields": [{"field": "/temp", "parameter": "water_temperature", "unit": "degC"},
                    {"field": "/ph", "parameter": "ph"},
                    {"field": "/salt", "parameter": "salinity", "unit": "1"}],
         "ignore": ["/note"]}


COUNT = 60  # messages of an import that is killed


def when(row):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1577836800 + 600 * row))


class World(unittest.TestCase):
    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.folder = Folder(self.root + "/conf", [
            {"source": "history", "city": "probe"},
            {"source": "other", "city": "elsewhere", "device": "/id"}])
        self.folder.put_model(MODEL)
        self.folder.put_city("probe", station("kai"), station("mole"))
        self.folder.put_city("elsewhere", station("bucht"))
        self.folder.put_device("probe", device("log-1", "logger", "kai"))
        self.folder.put_device("probe", device("log-2", "logger", "mole"))
        self.hub = None

    def start(self, data=None):
        self.hub = Hub(self.folder.path, data or self.data)
        self.addCleanup(self.hub.__exit__)
        return self.hub

    def write(self, name, text, encoding="utf-8"):
        path = f"{self.root}/{name}"
        with open(path, "w", encoding=encoding, newline="") as file:
            file.write(text)
        return path

    def csv(self, name, rows, first=0):
        return self.write(name, "time,temp,ph\n" + "".join(
            f"{when(r)},{r % 2500 / 100},{7 + r % 100 / 100}\n"
            for r in range(first, first + rows)))

    def run_import(self, *arguments, data=None, source="history", **others):
        return kogge("import", "--source", source, *arguments, "--data", data or self.data,
                     "--config", self.folder.path, **others)

    def imported(self, *arguments, **others):
        done = self.run_import(*arguments, **others)
        self.assertEqual(done.code, 0, done.err)
        return done.out

    def dump(self, data=None):
        done = kogge("dump", "--data", data or self.data, "--config", self.folder.path)
        self.assertEqual(done.code, 0, done.err)
        return done.out

    def audit(self, data=None):
        done = kogge("audit", "--data", data or self.data, "--config", self.folder.path)
        self.assertEqual(done.code, 0, done.out + done.err)

    def messages(self, data=None):
        db = sqlite3.connect(f"file:{data or self.data}/inbox.db?mode=ro", uri=True, timeout=20)
        try:
            return db.execute("SELECT count(*), count(DISTINCT payload) FROM messages").fetchone()
        finally:
            db.close()

    def drained(self):
        return self.hub.wait_status(lambda s: s["hub"]["waiting"] == 0)


class Import(World):
    def test_twice_is_once_and_a_hub_that_is_down_gets_the_same(self):
        path = self.csv("a.csv", 20000)
        self.start()
        said = self.imported("--device", "log-1", path)
        self.assertIn("20000 rows queued, 20 messages", said)
        self.drained()
        dump = self.dump()
        self.assertEqual(dump.count("\n"), 40000)
        said = self.imported("--device", "log-1", path)
        self.assertIn("all 20000 rows were queued before", said)
        self.assertEqual(self.messages(), (20, 20))
        self.audit()
        status = self.hub.status()
        row = [r for r in status["sources"] if r["source"] == "history"][0]
        self.assertEqual(row["outcomes"]["stored"], 40000)
        self.assertEqual(row["lost_sessions"], 0)
        self.assertIsNone(row["last_connected"])
        self.assertIn("takes files", self.hub.ask("status").out)
        self.hub.stop()
        # the same into another store, by two ways, while no hub runs
        other = self.root + "/other"
        self.start(other).stop()
        self.imported("--device", "log-1", path, data=other)
        self.assertEqual(self.messages(other), (20, 20))
        self.start(other)
        self.drained()
        self.assertTrue(self.dump(other) == dump, "the dumps differ")
        self.audit(other)
        self.imported("--device", "log-1", path, data=other)
        self.assertEqual(self.messages(other), (20, 20))

    def test_a_file_that_grew_is_read_on(self):
        self.start()
        path = self.csv("a.csv", 1500)
        self.imported("--device", "log-1", path)
        with open(path, "a", encoding="ascii") as file:
            file.write("".join(f"{when(r)},1.5,7\n" for r in range(1500, 1800)))
        said = self.imported("--device", "log-1", path)
        self.assertIn("300 rows queued, 1 message,", said)
        self.assertIn("queued before: 1500 rows", said)
        with open(path, "a", encoding="ascii") as file:
            file.write(f"{when(1800)},1.5,7")  # and no end of line yet
        self.assertIn("1 row queued", self.imported("--device", "log-1", path))
        with open(path, "a", encoding="ascii") as file:
            file.write(f".25\n{when(1801)},1.5,7\n")  # that line was not whole
        self.assertIn("1802 rows queued", self.imported("--device", "log-1", path))
        self.drained()
        self.assertEqual(self.dump().count("\n"), 3604)
        self.audit()

    def test_json_lines_with_a_column_of_devices(self):
        self.start()
        path = self.write("a.jsonl", "".join(
            json.dumps({"device": f"log-{1 + r % 3}", "time": when(r), "temp": r / 10,
                        "note": "n"}) + "\n" for r in range(30)))
        self.imported(path)
        status = self.drained()
        self.assertEqual(self.dump().count("\n"), 20)  # log-3 waits
        self.assertEqual(status["sources"][0]["outcomes"]["pending"], 10)
        self.folder.put_device("probe", device("log-3", "logger", "kai"))
        self.assertEqual(self.hub.ask("reload").code, 0)
        self.drained()
        self.assertEqual(self.dump().count("\n"), 30)
        self.audit()

    def test_what_comes_by_file_is_told_by_trace(self):
        self.start()
        self.imported("--device", "log-1", self.csv("years of it.csv", 3))
        self.drained()
        done = self.hub.ask("trace", "kai", "water_temperature", when(1))
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("import/years of it.csv", done.out)

    def test_progress_is_for_terminals_only(self):
        self.start()
        path = self.csv("a.csv", 5000)
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [PROGRAM, "import", "--source", "history", "--device", "log-1", path, "--data",
             self.data], env=environment(TERM="xterm"), stdout=subprocess.DEVNULL,
            stderr=theirs, check=False, timeout=60)
        os.close(theirs)
        self.assertEqual(done.returncode, 0)
        said = os.read(ours, 65536)
        os.close(ours)
        self.assertRegex(said, rb"import: a.csv, \d+ of 100 % done")
        self.assertEqual(self.run_import("--quiet", "--device", "log-1", path).err, "")


class German(World):
    TEXT = "time;temp;ph;salt;bemerkung\r\n" \
           "2020-01-01T00:00:00Z;4,25;7,9;1.234,5;\"ruhig; klar\"\r\n" \
           "2020-01-01T00:10:00Z;4,3;8;12.5;\"Wind\"\r\n"

    def test_decimal_commas_are_stated(self):
        self.start()
        path = self.write("de.csv", "\ufeff" + self.TEXT)
        done = self.run_import("--device", "log-1", path)
        self.assertEqual(done.code, 0, done.err)  # ph 8 is a number either way
        self.assertRegex(done.err, r"first rows \d readings are rejected: .*see --decimal")
        done = self.run_import("--device", "log-1", "--decimal", ",", path)
        self.assertEqual(done.code, 0, done.err)
        self.assertIn('does not name column "bemerkung"', done.err)
        self.drained()
        values = sorted(line.split("\t")[6] for line in self.dump().splitlines())
        self.assertEqual(values, ["12.5", "4.25", "4.3", "7.9", "8"])
        self.audit()

    def test_a_file_of_no_use_is_not_queued(self):
        self.start()
        path = self.write("de.csv", "time;temp\n2020-01-01T00:00:00Z;4,25\n")
        done = self.run_import("--device", "log-1", path)
        self.assertEqual(done.code, 1)
        self.assertIn('"4,25" has a decimal comma', done.err)
        self.assertIn("--decimal", done.err)
        self.assertEqual(self.messages(), (0, 0))
        path = self.write("gap.csv", f"time;temp\n{when(1)};4,25\n{when(2)};\n")
        self.assertEqual(self.run_import("--device", "log-1", path).code, 1)
        self.assertEqual(self.messages(), (0, 0))  # a missing value is no use
        path = self.write("gaps.csv", f"time;temp\n{when(1)};\n{when(2)};\n")
        self.assertEqual(self.run_import("--device", "log-1", path).code, 0)
        latin = self.write("latin.csv", "time;Temperatur °C\n", "latin-1")
        done = self.run_import("--device", "log-1", latin)
        self.assertEqual(done.code, 1)
        self.assertIn("latin.csv:1: the header: column 2 is not UTF-8 (Latin-1?)", done.err)


class Faults(World):
    def test_bad_rows_are_shown_kept_and_rejected(self):
        self.start()
        rows = [f"{when(r)},1.5,7" for r in range(100)]
        rows[10:10] = ["x"] * 12
        path = self.write("a.csv", "time,temp,ph\n" + "\n".join(rows) + "\n")
        done = self.run_import("--device", "log-1", path)
        self.assertEqual(done.code, 3, done.err)
        self.assertIn(f"{path}:12: 1 column, expected 3", done.err)
        self.assertIn("and 2 more rows", done.err)
        status = self.drained()
        self.assertEqual(status["sources"][0]["outcomes"]["rejected"], 12)
        self.assertEqual(self.dump().count("\n"), 200)
        self.assertIn("line 12: 1 column, expected 3", self.hub.ask("rejected", "list").out)
        self.audit()

    def test_sentences(self):
        self.start()
        good = self.csv("good.csv", 5)
        stop = self.write("stop.csv", "time,temp\n" + f"{when(1)},1\n" * 1200 + "\"x\n")
        for arguments, code, part in (
                ((good,), 1, "no column is device"),
                (("--device", "log-9", good), 2, "did you mean log-1?"),
                (("--device", "log-1", self.root), 1, "is no file"),
                (("--device", "log-1", self.root + "/none"), 1, "No such file"),
                (("--device", "log-1", self.write("t.csv", "tme,temp\n1,2\n")), 1,
                 't.csv:1: no column is time, the time of the sensor model logger; is it "tme"?'),
                (("--device", "log-1", self.write("s.csv", "a;b,c\n1,2\n")), 1, "--separator"),
                (("--device", "log-1", "--separator", "ab", good), 2, "tab"),
                (("--device", "log-1", "--decimal", "x", good), 2, "comma"),
                (("--device", "log-1", self.write("h.csv", f"{when(1)},2\n")), 1,
                 "no column is time"),
                (("--device", "log-1", self.write("e.csv", "")), 1, "header is missing"),
                (("--device", "log-1", stop), 1, "stop.csv:1202: a quote that opens here"),
                ((), 2, "")):
            done = self.run_import(*arguments)
            self.assertEqual(done.code, code, (arguments, done.err))
            self.assertIn(part, done.err)
        done = self.run_import("--device", "log-1", good, source="histori")
        self.assertEqual(done.code, 2)
        self.assertIn("did you mean history?", done.err)
        done = self.run_import("--device", "log-1", good, source="other")
        self.assertEqual(done.code, 2)  # another city's device
        self.assertEqual(self.run_import(good, data=self.root + "/none").code, 4)
        self.audit()

    def test_another_citys_device_in_a_column_is_rejected(self):
        self.start()
        path = self.write("a.csv", f"id,time,temp\nlog-1,{when(1)},2\n")
        done = self.run_import(path, source="other")
        self.assertEqual(done.code, 1)
        self.assertIn("belongs to probe, but source other speaks for elsewhere", done.err)
        self.assertEqual(self.messages(), (0, 0))

    def test_dry_run_writes_nothing(self):
        self.start()
        path = self.write("a.csv", "device,time,temp,tmp\n" + "".join(
            f"log-{1 + r % 2},{when(r)},{'x' if r == 7 else 3}\n".replace("\n", ",1\n")
            for r in range(2500)))
        done = self.run_import("--dry-run", path)
        self.assertEqual(done.code, 3, done.err)  # one reading is rejected
        self.assertIn("2500 rows in 3 messages", done.out)
        self.assertRegex(done.out, rf"log-1 +{when(0)} +{when(2498)} +1250")
        self.assertIn("2499 stored, 1 rejected, 2500 ignored", done.out)
        self.assertIn('1 rejected: "x" is not a number', done.out)
        self.assertEqual(self.messages(), (0, 0))


class Killed(World):
    def begin(self, path):
        """An import that has queued something more; the process, and what was there."""
        before = self.messages()[0]
        process = subprocess.Popen(
            [PROGRAM, "import", "--source", "history", "--device", "log-1", path, "--data",
             self.data], env=environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while self.messages()[0] == before and process.poll() is None:
            self.assertLess(time.monotonic(), end)
        return process

    def kill_verb(self, path, times):
        """Kills imports one after the other; how many messages were there then."""
        counts = []
        for k in range(times):
            process = self.begin(path)
            time.sleep(k * 0.004)
            process.kill()
            process.communicate()
            counts.append(self.messages()[0])
        print("messages after each kill:", counts)
        self.assertEqual(counts, sorted(counts))
        self.assertTrue(0 < counts[0] < COUNT, counts)

    def whole(self, path):
        """What the same file comes to in peace."""
        other = self.root + "/peace"
        hub = Hub(self.folder.path, other)
        with hub:
            self.imported("--device", "log-1", path, data=other)
            hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
            return self.dump(other)

    def go_on(self, path):
        self.imported("--device", "log-1", path)
        self.assertEqual(self.messages(), (COUNT, COUNT))
        self.drained()
        self.assertTrue(self.dump() == self.whole(path), "the dumps differ")
        self.audit()

    def test_kill_of_the_verb(self):
        path = self.csv("a.csv", COUNT * 1000)
        self.start()
        self.kill_verb(path, 8)
        self.go_on(path)

    def test_kill_of_the_verb_while_no_hub_runs(self):
        path = self.csv("a.csv", COUNT * 1000)
        self.start().stop()
        self.kill_verb(path, 8)
        self.start()
        self.go_on(path)

    def test_kill_of_the_hub(self):
        path = self.csv("a.csv", COUNT * 1000)
        counts = []
        for delay_ms in (0, 4, 8, 16, 32, 64):
            hub = self.start()
            process = self.begin(path)
            time.sleep(delay_ms / 1000)
            hub.kill()
            said = process.communicate(timeout=60)[1]
            counts.append(self.messages()[0])
            if process.returncode != 0:
                self.assertEqual(process.returncode, 1)
                self.assertIn("run the import again", said)
        print("messages after each kill:", counts)
        self.assertEqual(counts, sorted(counts))
        self.assertTrue(0 < counts[0] < COUNT, counts)
        self.start()
        self.go_on(path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
