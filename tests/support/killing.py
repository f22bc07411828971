# SPDX-License-Identifier: EUPL-1.2
"""Where to kill, and what came of it, for tests that kill the hub.

    for point in draw("export", points, 6): ...    # KOGGE_LONG: all of them
    TALLY.compare(dump, undisturbed)               # counts what is lost and doubled
    main()                                         # instead of unittest.main()
KOGGE_SEED draws the same points again; the seed is printed. A whole run has two processes a
core, which wait for the disk and for hubs most of the time; KOGGE_SHARD=K/N is the K-th of N
parts."""
import collections
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

from broker import Broker
from kogge import Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Publisher

LONG = bool(os.environ.get("KOGGE_LONG"))
SAMPLE = "" if LONG else " of a sample"
SANITIZED = any(name in os.environ.get("KOGGE_BIN", "") for name in ("asan", "tsan"))
SEED = int(os.environ.get("KOGGE_SEED") or random.SystemRandom().randrange(1 << 32))
SHARD, SHARDS = map(int, os.environ.get("KOGGE_SHARD", "0/1").split("/"))
TALLY_FILE = os.environ.get("KOGGE_TALLY")  # of one part of a whole run


def generator(name):
    """Draws of one test do not depend on which others run."""
    return random.Random(f"{SEED} {SHARD} {name}")


def draw(name, points, count):
    """Numbers of points from 1, in order: all, or about count of them."""
    if LONG:
        return range(1 + SHARD, points + 1, SHARDS)
    count = max(2, count // 3) if SANITIZED else count
    return sorted(generator(name).sample(range(1, points + 1), min(count, points)))


class Tally:
    def __init__(self):
        self.points = self.killed = self.random = self.lost = self.doubled = 0

    def count(self, code):
        """One point was tried; whether it killed, by the exit code."""
        self.points += 1
        self.killed += code == -signal.SIGKILL
        return code == -signal.SIGKILL

    def compare(self, there, wanted):
        """Lines that should be the same, in whatever order; gives those that are not."""
        there, wanted = collections.Counter(there), collections.Counter(wanted)
        lost, doubled = wanted - there, there - wanted
        self.lost += lost.total()
        self.doubled += doubled.total()
        return sorted(lost), sorted(doubled)

    def line(self):
        return (f"kills{SAMPLE}: points {self.points}, killed {self.killed}, "
                f"random {self.random}, lost {self.lost}, doubled {self.doubled}")

    def keep(self):
        """Prints it, and writes it down for the whole run that this is a part of."""
        print("\n" + self.line(), flush=True)
        if TALLY_FILE:
            with open(TALLY_FILE, "w", encoding="ascii") as file:
                json.dump(vars(self), file)

    def add(self, path):
        with open(path, encoding="ascii") as file:
            for name, count in json.load(file).items():
                setattr(self, name, getattr(self, name) + count)


TALLY = Tally()


def run_parts(count):
    """The whole of this test, as count processes at a time. Gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{k}" for k in range(count)]
        parts = [subprocess.Popen([sys.executable, "-B", *sys.argv],
                                  env={**os.environ, "KOGGE_SEED": str(SEED), "KOGGE_TALLY": file,
                                       "KOGGE_SHARD": f"{k}/{count}"}) for k, file in enumerate(files)]
        codes = [part.wait() for part in parts]
        for file in files:
            TALLY.add(file)
    TALLY.keep()
    return 1 if any(codes) else 0


def main():
    if LONG and SHARDS == 1:
        sys.exit(run_parts(2 * (os.cpu_count() or 1)))
    unittest.main()


def ask_database(folder, name, sql, *values):
    """Rows; none while the database is not there or not made yet."""
    try:
        database = sqlite3.connect(f"file:{folder}/{name}?mode=ro", uri=True, timeout=20)
    except sqlite3.OperationalError:
        return []
    try:
        return database.execute(sql, values).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        database.close()


def messages(folder):
    """Topic and payload of each message of the inbox, as often as it came."""
    return ask_database(folder, "inbox.db", "SELECT topic, payload FROM messages")


def cursor(folder):
    """Up to where the inbox is worked off; -1 while there is no store."""
    row = ask_database(folder, "hub.db",
                       "SELECT coalesce(max(value), 0) FROM numbers WHERE name = 0")
    return row[0][0] if row else -1


def is_worked_off(folder):
    last = ask_database(folder, "inbox.db", "SELECT coalesce(max(id), 0) FROM messages")
    return bool(last) and cursor(folder) >= last[0][0]


BASE_MS = 1748735400000  # 2025-05-31T23:50Z: what follows lies in two months
BUOYS = "b0", "b1", "b2"
MODEL = {"model": "buoy", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}],
         "ignore": ["/id", "/note"]}
STAFF = {"model": "staff", "fields": [{"field": "/ph", "parameter": "ph", "unit": "1"}]}


def buoy(number, name=None, value=None, **others):
    """The reading of minute number."""
    name = name or BUOYS[number % len(BUOYS)]
    return "buoy/" + name, json.dumps({
        "id": name, "ms": BASE_MS + 60000 * number,
        "t": number % 2500 / 100 if value is None else value, **others}).encode()


def ten_messages(wave):
    """Ten messages, all different, that meet every fate: seven readings, one of them twice
    and one in conflict with another; one without time; one that waits; one that is wrong."""
    first = 10 * wave
    return [buoy(first), ("pegel/p1/ph", f"7.{wave}".encode()), buoy(first + 1),
            buoy(first + 2), buoy(first, note=f"again {wave}"),
            buoy(first + 3), buoy(first + 3, value=24.5), buoy(first + 4),
            buoy(first, name="b9"), ("buoy/b1", b"{broken %d" % wave)]


READINGS_OF_TEN = 6


def make_folder(path, port=None, target=None):
    """A configuration: two sources of a broker, or none; a dataset, with a portal or not."""
    sources = [] if port is None else [
        source("buoys", port, ["buoy/#"], format="json", city="probe", device="/id"),
        source("staffs", port, ["pegel/#"], format="number", city="probe",
               topic="pegel/{device}/{field}")]
    targets = [] if target is None else [
        {"target": "portal", "kind": "ckan", "url": target, "organisation": {"id": "probe"}}]
    folder = Folder(path, sources, targets)
    for model in (MODEL, STAFF):
        folder.put_model(model)
    folder.put_city("probe", *(station("at-" + name) for name in BUOYS))
    for name in BUOYS:
        folder.put_device("probe", device(name, "buoy", "at-" + name))
    folder.put_device("probe", device("p1", "staff", "at-b0"))
    folder.put("datasets/water.json", {
        "dataset": "water", "title": {"de": "Wasser", "en": "Water"},
        "notes": {"de": "Test", "en": "Test"}, "parameters": ["water_temperature"],
        "grid": "raw", "licence": "dl-zero-de/2.0", "frequency": "10MIN", "tags": ["water"],
        "targets": [t["target"] for t in targets], "demonstration": False})
    return folder


def comparable(dump):
    """Lines of a dump without what the arrival decides, where the message has no time."""
    rows = (line.split("\t") for line in dump.splitlines())
    return ["\t".join(row[:5] + row[6:9] + row[10:] if row[2] == "ph" else row) for row in rows]


def exported(folder):
    """{path: bytes} of all published files under their final names."""
    files = {}
    for parent, _, names in os.walk(folder + "/export"):
        for name in names:
            if not name.endswith(".new"):
                with open(os.path.join(parent, name), "rb") as file:
                    files[os.path.relpath(os.path.join(parent, name), folder)] = file.read()
    return files


class World(unittest.TestCase):
    """A configuration, data folders, and hubs that may be killed."""
    maxDiff = None

    def setUp(self):
        self.root = temporary(self)
        self.config = self.root + "/conf"
        self.hubs = []
        self.addCleanup(self.end_hubs)
        print(f"{self.id()}: KOGGE_SEED={SEED}")

    def start_broker(self, settings=""):
        self.broker = Broker(settings)
        self.addCleanup(self.broker.close)

    def start(self, data, **variables):
        hub = Hub(self.config, data, wait=False, **variables)
        self.hubs.append(hub)
        return hub

    def end_hubs(self):
        while self.hubs:
            self.hubs.pop().kill()

    @contextlib.contextmanager
    def point(self, data, **about):
        """A subtest. If it fails the data folder is kept, as it may not fail again; no hub
        goes on, which would take its messages from the next one."""
        with self.subTest(**about, seed=SEED):
            try:
                yield
            except BaseException:
                kept = tempfile.mkdtemp(prefix="kogge-failed-")
                shutil.copytree(data, kept + "/data", ignore=shutil.ignore_patterns("*.sock"))
                print(f"{self.id()} {about}: the data folder is kept in {kept}", flush=True)
                raise
            finally:
                self.end_hubs()

    def ask(self, data, *arguments, **variables):
        return kogge(*arguments, "--config", self.config, "--data", data, **variables)

    def done(self, data, *arguments):
        done = self.ask(data, *arguments)
        self.assertEqual(done.code, 0, (arguments, done))
        return done

    def dump(self, data):
        return comparable(self.done(data, "dump").out)

    def wait(self, condition, hub, seconds=60):
        """Until condition holds, or the hub is dead."""
        end = time.monotonic() + seconds
        while hub.process.poll() is None and not condition():
            self.assertLess(time.monotonic(), end, f"it does not come to an end: {hub.log}")
            time.sleep(0.003)

    def life(self, data, **variables):
        """Of a hub that works off what is there and stops in order; its exit code."""
        hub = self.start(data, **variables)
        self.wait(lambda: hub.is_running() and is_worked_off(data), hub)
        return hub.stop()

    def work_off(self, data):
        """By a hub that is killed then: a stop in order takes longer than all the rest."""
        hub = self.start(data)
        self.wait(lambda: hub.is_running() and is_worked_off(data), hub)
        self.assertEqual(hub.kill(), -signal.SIGKILL, hub.log)

    def publish(self, messages):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many(messages)
            publisher.leave()

    def check_dump(self, data, wanted):
        self.assertEqual(TALLY.compare(self.dump(data), wanted), ([], []))

    def check_inbox(self, data, acknowledged):
        missing = acknowledged - set(messages(data))
        TALLY.lost += len(missing)
        self.assertEqual(missing, set(), "acknowledged, and not in the inbox")

    def check_files_whole(self, data, wanted):
        """What lies under a final name has all rows of a time when it was written."""
        for path, content in exported(data).items():
            rows = wanted[path].splitlines(True)
            self.assertTrue(content.endswith(b"\n") and set(content.splitlines(True)) <= set(rows),
                            f"{path} is not whole")
