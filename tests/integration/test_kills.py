#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The hub is killed: before and after each sync, send and rename of a run; at random moments
under load; and while a verb does its work, also at each of its writes. Started again, it has
lost nothing and doubled nothing, and its books balance. killing.py says how points are
drawn."""
import bisect
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import broker as brokers
import killing
from faults import faults, read_counts
from fake_ckan import FakeCkan
from killing import TALLY, World, draw
from kogge import Hub
from mqtt_wire import Client, Publisher, Subscriber

WAVES = 4
POINTS_OF_A_RUN = 16
BOUNDARIES = "sync+send+rename"  # of a run; a verb is killed at each write, too
POINTS_OF_A_VERB = 4
RANDOM = -(-100 // killing.SHARDS) if killing.LONG else 5
RATE = 2000


def tearDownModule():
    TALLY.keep()


class Run(World):
    """Forty messages, each acknowledged before the broker sends the next: so each has its
    commit and its PUBACK."""

    def setUp(self):
        super().setUp()
        self.start_broker("max_inflight_messages 1")
        killing.make_folder(self.config, self.broker.port)
        self.sent = []
        for wave in range(WAVES):
            self.sent += killing.ten_messages(wave)

    def empty_sessions(self):
        """The broker knows both clients and has nothing for them."""
        for name, topic in (("buoys", "buoy/#"), ("staffs", "pegel/#")):
            Client(self.broker.port, "kogge-" + name, clean=True).leave()
            with Subscriber(self.broker.port, "kogge-" + name, clean=False) as subscriber:
                subscriber.subscribe(topic)
                subscriber.leave()

    def is_done(self, data, count):
        return (len(set(killing.messages(data))) >= count and killing.is_worked_off(data))

    def first_run(self, data, **settings):
        """Until it is killed; or to the end, with files written and stopped in order. Half
        of the messages wait for it, the others come wave by wave."""
        self.empty_sessions()
        half = len(self.sent) // 2
        self.publish(self.sent[:half])
        hub = self.start(data, **faults(**settings))
        self.wait(lambda: self.is_done(data, half), hub)
        for at in range(half, len(self.sent), 10):
            self.publish(self.sent[at:at + 10])
            self.wait(lambda upto=at + 10: self.is_done(data, upto), hub)
        if hub.process.poll() is None:
            self.ask(data, "export")
        return hub.stop()

    def second_run(self, data):
        """The same data folder, not disturbed: dump and files at the end."""
        hub = self.start(data)
        self.wait(lambda: self.is_done(data, len(self.sent)), hub)
        self.wait(hub.is_running, hub)
        self.check_inbox(data, set(self.sent))
        self.done(data, "export")
        self.done(data, "audit")
        dump, files = self.dump(data), killing.exported(data)
        hub.kill()
        return dump, files

    def undisturbed(self):
        data = self.root + "/undisturbed"
        self.assertEqual(self.first_run(data, only=BOUNDARIES, count=self.root + "/counts"), 0)
        dump, files = self.second_run(data)
        self.assertEqual(len(dump), killing.READINGS_OF_TEN * WAVES)
        self.assertEqual(len(files), 3)  # two months and the newest days
        shutil.rmtree(data)
        counts = read_counts(self.root + "/counts")
        print("undisturbed:", counts)
        for kind in ("sync", "send"):
            self.assertGreaterEqual(counts[kind], len(self.sent))
        return counts["points"], dump, files

    def test_killed_at_each_point(self):
        points, dump, files = self.undisturbed()
        drawn = killed = 0
        for point in draw("run", points, POINTS_OF_A_RUN):
            data = f"{self.root}/{point}"
            with self.point(data, point=point):
                code = self.first_run(data, only=BOUNDARIES, kill=point)
                drawn += 1
                killed += TALLY.count(code)
                self.assertIn(code, (0, -signal.SIGKILL))
                self.check_files_whole(data, files)
                after, written = self.second_run(data)
                self.assertEqual(TALLY.compare(after, dump), ([], []))
                self.assertEqual(written, files)
                shutil.rmtree(data)
        # some runs need a few points less than the first one
        self.assertLessEqual(drawn - killed, 1 + drawn // 10)


class Load(World):
    """Killed at random moments while about 2,000 messages come each second."""

    def load(self, stop, acked):
        def messages():
            number = 0
            while not stop.is_set():
                yield killing.buoy(number)
                number += 1
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many(messages(), 200, RATE)
            acked.update(publisher.acked)
            publisher.leave()

    def rows(self, data):
        return (killing.ask_database(data, "inbox.db", "SELECT max(id) FROM messages")
                or [(0,)])[0][0] or 0

    def kill_again_and_again(self, data):
        """Some time after the hub has taken its first message of this life. After a kill it
        takes one message a batch up to where it stood; each fourth life goes beyond."""
        moments = killing.generator("load")
        for k in range(RANDOM):
            before = self.rows(data)
            hub = self.start(data)
            self.wait(lambda least=before: self.rows(data) > least, hub)
            if k % 4 == 3:
                self.wait(lambda least=before: killing.cursor(data) >= least, hub)
            time.sleep(moments.uniform(0, 0.4))
            self.assertEqual(hub.kill(), -signal.SIGKILL, hub.log)
            TALLY.random += 1

    def test_killed_at_random_moments(self):
        self.start_broker()
        killing.make_folder(self.config, self.broker.port)
        data = self.root + "/data"
        hub = self.start(data)
        hub.wait_status(lambda s: s["hub"]["running"])
        hub.wait_connected()
        hub.stop()
        stop, acked = threading.Event(), set()
        thread = threading.Thread(target=self.load, args=(stop, acked))
        thread.start()
        try:
            self.kill_again_and_again(data)
        finally:
            stop.set()
            thread.join()
        self.assertGreater(len(acked), RATE * RANDOM * 0.1)
        self.check(data, acked)

    def check(self, data, acked):
        hub = self.start(data)
        topic, last = killing.buoy(max(acked))
        self.wait(lambda: killing.ask_database(
            data, "inbox.db", "SELECT 1 FROM messages WHERE topic = ? AND payload = ?",
            topic, last) and killing.is_worked_off(data), hub, 300)
        self.check_inbox(data, {killing.buoy(number) for number in acked})
        self.done(data, "audit")
        rows = [line.split("\t") for line in self.dump(data)]
        there = [(row[1], row[5], float(row[6])) for row in rows]
        self.assertEqual(TALLY.compare(there, self.wanted_rows(acked)), ([], []))
        source, _ = hub.status()["sources"]
        self.assertEqual(source["messages"], len(killing.messages(data)))
        self.assertEqual(source["outcomes"]["stored"], len(there))
        self.assertEqual(source["readings"], sum(source["outcomes"].values()))
        self.assertEqual(source["rejected"] + source["pending"] + source["conflict"], 0)
        self.assertEqual(hub.stop(), 0)

    def wanted_rows(self, acked):
        for number in acked:
            seconds = killing.BASE_MS // 1000 + 60 * number
            moment = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))
            yield f"at-b{number % 3}", moment, number % 2500 / 100


class Verbs(World):
    """A verb is killed at each of its points; the same verb again completes. All begin with
    the same store: forty messages, the files of half of them, a portal that had nothing."""

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="kogge-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made, True)
        cls.portal = FakeCkan()
        cls.addClassCleanup(cls.portal.close)
        cls.base, cls.early = cls.made + "/data", cls.made + "/early"
        with brokers.Broker() as broker:
            cls.prepare(broker)

    @classmethod
    def prepare(cls, broker):
        folder = killing.make_folder(cls.made + "/conf", broker.port, cls.portal.url)
        history = {"source": "history", "city": "probe"}
        folder.put("hub.json", {**folder.hub, "sources": [*folder.hub["sources"], history]})
        cls.portal.away = True
        with Hub(folder.path, cls.base) as hub:
            hub.wait_connected()
            for wave in range(WAVES):
                with Publisher(broker.port) as publisher:
                    publisher.publish_many(killing.ten_messages(wave))
                    publisher.leave()
                hub.wait_messages(10 * (wave + 1))
                if wave == WAVES // 2:
                    done = [hub.ask("export").code, hub.ask("backup", cls.early).code]
                    assert done == [0, 0], done
        cls.portal.away = False

    def setUp(self):
        super().setUp()
        self.config = self.made + "/conf"
        self.data, self.copy = self.root + "/data", self.root + "/copy"
        self.counts = self.root + "/counts"
        self.wanted = self.dump(self.base)

    def refresh(self):
        for folder in (self.data, self.copy, self.copy + ".part"):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.base, self.data)
        self.portal.clear()

    def count(self, *arguments, code=0):
        """Points of the verb undisturbed; the data folder is as it leaves it."""
        self.refresh()
        done = self.ask(self.data, *arguments, **faults(count=self.counts))
        self.assertEqual(done.code, code, done)
        return read_counts(self.counts)["points"]

    def kill_at_each_point(self, points, arguments, between, after):
        """between: judges what the kill left; True: that was all, it is not run again."""
        drawn = draw(arguments[0], points, POINTS_OF_A_VERB)
        for point in drawn:
            with self.point(self.data, verb=arguments[0], point=point):
                self.refresh()
                done = self.ask(self.data, *arguments, **faults(kill=point))
                TALLY.count(done.code)
                self.assertEqual(done.code, -signal.SIGKILL, done)
                if not between():
                    self.done(self.data, *arguments)
                after()
        print(f"kills in {arguments[0]}: {len(drawn)} of {points} points")

    def check_store(self):
        self.done(self.data, "audit")
        self.check_dump(self.data, self.wanted)

    def test_export(self):
        before = killing.exported(self.base)
        points = self.count("export")
        files = killing.exported(self.data)
        self.assertEqual(len(files), 3)
        self.assertNotEqual(before, files)

        def between():
            for path, content in killing.exported(self.data).items():
                self.assertIn(content, (before.get(path), files[path]), path)
            self.check_store()

        def after():
            self.assertEqual(killing.exported(self.data), files)
            self.check_store()
        self.kill_at_each_point(points, ["export"], between, after)

    def test_publish(self):
        points = self.count("publish", "--once")
        sent = self.portal.files("water")
        self.assertEqual(sent, {os.path.basename(path): [content] for path, content in
                                killing.exported(self.data).items()})

        def after():
            self.assertEqual(self.portal.files("water"), sent)
            writes = self.portal.writes
            self.done(self.data, "publish", "--once")
            self.assertEqual(self.portal.writes, writes, "it was not noted as done")
            self.check_store()
        self.kill_at_each_point(points, ["publish", "--once"], self.check_store, after)

    def test_backup(self):
        points = self.count("backup", self.copy)
        names = sorted(os.listdir(self.copy))

        def between():
            self.check_store()
            return os.path.exists(self.copy)

        def after():
            self.assertEqual(sorted(os.listdir(self.copy)), names)
            self.assertFalse(os.path.exists(self.copy + ".part"))
            shutil.rmtree(self.data)
            self.done(self.data, "restore", self.copy)
            self.check_store()
        self.kill_at_each_point(points, ["backup", self.copy], between, after)

    def test_restore(self):
        points = self.count("restore", self.early, "--force")
        before, self.wanted = self.wanted, self.dump(self.data)
        self.assertNotEqual(before, self.wanted)

        def between():
            self.done(self.data, "audit")
            self.assertIn(self.dump(self.data), (before, self.wanted))

        def after():
            self.check_store()
            for path in glob.glob(self.data + ".*"):
                shutil.rmtree(path)
        self.kill_at_each_point(points, ["restore", self.early, "--force"], between, after)

    def test_replay_of_rejected(self):
        again = ["rejected", "replay"]
        points = self.count(*again, code=3)  # they are as broken as before

        def between():
            self.assertEqual(self.ask(self.data, *again).code, 3)
            return True
        self.kill_at_each_point(points, again, between, self.check_store)

    def test_import(self):
        path = self.root + "/history.csv"
        with open(path, "w", encoding="ascii") as file:
            file.write("ms,t\n")
            for n in range(3000):
                file.write(f"{killing.BASE_MS + 60000 * (1000 + n)},{n % 2500 / 100}\n")
        arguments = ["import", "--source", "history", "--device", "b0", path]
        points = self.count(*arguments)
        queued = sorted(killing.messages(self.data))
        self.assertGreater(len(queued), len(killing.messages(self.base)) + 1)
        self.work_off(self.data)
        self.wanted = self.dump(self.data)

        def between():
            self.done(self.data, "audit")

        def after():
            self.assertEqual(sorted(killing.messages(self.data)), queued)
            self.work_off(self.data)
            self.check_store()
        self.kill_at_each_point(points, arguments, between, after)

    def mend(self):
        """The model says kelvin; the store that all begin with has taken it in."""
        self.base, self.config = self.root + "/mended", self.root + "/conf"
        shutil.copytree(self.made + "/data", self.base)
        folder = killing.make_folder(self.config, brokers.free_port(), self.portal.url)
        folder.put_model({**killing.MODEL,
                          "fields": [dict(killing.MODEL["fields"][0], unit="K")]})
        self.assertEqual(self.life(self.base), 0)
        self.check_dump(self.base, self.wanted)

    def test_recompute(self):
        self.mend()
        period = ["--from", "2025-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"]
        arguments = ["recompute", *period, "--apply"]
        points = self.count(*arguments)
        before, self.wanted = self.wanted, self.dump(self.data)
        self.assertGreater(len(set(before) - set(self.wanted)), len(before) // 2)

        def between():
            self.done(self.data, "audit")

        def after():
            self.check_store()
            self.done(self.data, "recompute", *period)
            self.assertFalse(os.path.exists(self.data + "/recompute"))
        self.kill_at_each_point(points, arguments, between, after)

    def test_choose(self):
        rows = json.loads(self.ask(self.base, "conflicts", "--json").out)["conflicts"]
        row = rows[len(rows) // 2]
        arguments = ["conflicts", "choose", row["station"], row["parameter"], row["time"],
                     str(row["kept"])]
        points = self.count(*arguments)
        before, self.wanted = self.wanted, self.dump(self.data)
        self.assertEqual(len(values(before) - values(self.wanted)), 1)

        def between():
            self.done(self.data, "audit")
            self.assertIn(self.dump(self.data), (before, self.wanted))
        self.kill_at_each_point(points, arguments, between, self.check_store)


def values(dump):
    """Its lines without the flags: those of the neighbours change with a value."""
    return {line.rsplit("\t", 2)[0] for line in dump}


class Migration(World):
    """The hub is killed while it brings stores of an older program up to date."""

    TOOL = os.path.join(os.path.dirname(faults()["LD_PRELOAD"]), "older_tool")

    def newest(self):
        text = subprocess.run([self.TOOL], check=True, capture_output=True, text=True).stdout
        return tuple(map(int, text.split()))

    def older(self):
        """(hub, inbox), one of them older; 0 has no table yet."""
        newest = self.newest()
        return [(0, 0), *((h, newest[1]) for h in range(1, newest[0])),
                *((newest[0], i) for i in range(1, newest[1]))]

    def make(self, hub, inbox):
        """The store to begin with; an inbox that has tables has messages."""
        shutil.rmtree(self.data, ignore_errors=True)
        subprocess.run([self.TOOL, self.data, str(hub), str(inbox)], check=True)
        if inbox > 0:
            database = killing.sqlite3.connect(self.data + "/inbox.db")
            database.execute("INSERT INTO sources(name) VALUES('buoys')")
            database.execute("INSERT INTO connections(source, session, connected, present) "
                             "VALUES(1, 1, ?, 0)", [self.now_us])
            database.executemany(
                "INSERT INTO messages(connection, arrival, packet, flags, topic, payload) "
                f"VALUES(1, {self.now_us}, 1, 0, ?, ?)", self.messages)
            database.commit()
            database.close()

    def life_after(self, versions, **settings):
        self.make(*versions)
        return self.life(self.data, **faults(**settings))

    def is_newest_at(self, versions, point):
        """Whether both stores are up to date when the hub is killed there."""
        if self.life_after(versions, kill=point) == 0:
            return True
        for name, version in zip(("hub.db", "inbox.db"), self.newest()):
            database = killing.sqlite3.connect(f"{self.data}/{name}")
            found = database.execute("PRAGMA user_version").fetchone()[0]
            database.close()
            if found < version:
                return False
        return True

    def undisturbed(self, versions):
        """What comes out, and how many points to try: what follows on the migration is the
        same for all, and tried once with an empty inbox and once with messages."""
        counts = self.root + "/counts"
        self.assertEqual(self.life_after(versions, count=counts), 0)
        dump = self.dump(self.data)
        self.assertEqual(len(dump), 5 if versions[1] > 0 else 0)
        points = read_counts(counts)["points"]
        if versions not in self.older()[:2]:
            points = 1 + bisect.bisect_left(range(1, points), True,
                                            key=lambda p: self.is_newest_at(versions, p))
        return dump, points

    def test_killed_in_a_migration(self):
        killing.make_folder(self.config, brokers.free_port())  # nobody answers there
        self.data = self.root + "/data"
        self.now_us = time.time_ns() // 1000  # a message of long ago would be given up
        self.messages = [m for m in killing.ten_messages(0) if m[0].startswith("buoy/")]
        for versions in self.older():
            wanted, points = self.undisturbed(versions)
            for point in draw(f"migration {versions}", points, POINTS_OF_A_VERB // 2):
                with self.point(self.data, versions=versions, point=point):
                    TALLY.count(self.life_after(versions, kill=point))
                    self.work_off(self.data)
                    self.done(self.data, "audit")
                    self.check_dump(self.data, wanted)
            print(f"kills in a migration from {versions}: of {points} points")


if __name__ == "__main__":
    if not brokers.PROGRAM:
        print("SKIP test_kills: no mosquitto")
        sys.exit(77)
    killing.main()
