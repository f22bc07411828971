#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A disk that is full or can only be read: the hub takes no message (the broker keeps them),
says so once, and goes on by itself; nothing is lost. Small file systems are mounted, so the
tests need root."""
import contextlib
import glob
import os
import sqlite3
import subprocess
import unittest

from fault_world import World, main
from kogge import kogge

MIB = 1 << 20
DATASET = {"dataset": "water", "title": {"de": "W", "en": "W"},
           "notes": {"de": "W", "en": "W"}, "parameters": ["water_temperature"],
           "grid": "raw", "licence": "dl-zero-de/2.0", "frequency": "10MIN", "tags": ["water"],
           "targets": [], "demonstration": False}
ROOM = 48 * MIB  # of a disk; the inbox asks for 8 MiB before it takes messages again


def mounted(test, folder, *how):
    """Mounts at folder until the test ends. SKIP where that is not permitted."""
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["mount", *how, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"SKIP {test.id().split('.', 1)[1]}: mount is not permitted: {done.stderr.strip()}")
        raise unittest.SkipTest("mount is not permitted")
    test.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=False,
                    capture_output=True)


class Ballast:
    """Fills the disk of folder but for some bytes."""

    def __init__(self, folder, left=0):
        self.path = folder + "/ballast"
        self.fill(left)

    def fill(self, left=0):
        with open(self.path, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(MIB // 16))
            except OSError:
                pass
            file.truncate(max(0, file.tell() - left))

    def drop(self):
        os.remove(self.path)


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.readlines()


class Disk(World):
    def mount_small(self, folder):
        mounted(self, folder, "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs")

    def wait_trouble(self, hub, words):
        return hub.wait_status(lambda s: any(words in t for t in s["hub"]["troubles"]))

    def first_message(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/inbox.db?mode=ro",
                                                uri=True, timeout=20)) as db:
            return db.execute("SELECT min(id) FROM messages").fetchone()[0]

    def wait_tries(self, folder, count=3):
        """Until the hub has made, or tried to make, so many files in folder."""
        for _ in range(count):
            before = os.stat(folder).st_mtime_ns
            self.wait(lambda then=before: os.stat(folder).st_mtime_ns != then, "it does not try")

    def wait_no_trouble(self, hub):
        hub.wait_status(lambda s: s["hub"]["troubles"] == [])

    def assert_said_once(self, hub, *sentences):
        for words in sentences:
            self.assertEqual(len(self.said(hub, words)), 1, hub.log)


class Full(Disk):
    """The data folder is a small disk of its own."""

    def setUp(self):
        super().setUp()
        self.mount_small(self.data)

    def test_the_hub_stops_taking_and_goes_on_when_there_is_room(self):
        hub = self.start_connected()
        ballast = Ballast(self.data, 1 * MIB)
        with self.load(rate=1500, size=800):
            status = self.wait_trouble(hub, "no message is taken: the disk is full")
            self.assertIn("the disk is full", status["sources"][0]["error"])
            text = hub.ask("status")
            self.assertEqual(text.code, 3)
            self.assertIn("trouble  no message is taken: the disk is full; the brokers keep them",
                          text.out)
            took = status["sources"][0]["messages"]
            self.wait_tries(self.data)  # it asks for room, and finds none
            self.assertEqual(hub.status()["sources"][0]["messages"], took)
            ballast.drop()
            self.wait_no_trouble(hub)
            hub.wait_connected()
            self.wait_stored(hub, took + 1000)
        self.settle(hub)
        self.assert_said_once(hub, "error inbox: no message is taken: the disk is full",
                              "info inbox: messages are taken again")
        self.assertLessEqual(len(hub.log), 12, hub.log)

    def test_a_disk_that_is_full_again_and_again_loses_nothing(self):
        hub = self.start_connected()
        ballast = Ballast(self.data, 2 * MIB)
        with self.load(rate=1500, size=800):
            for _ in range(3):
                self.wait_trouble(hub, "no message is taken")
                os.truncate(ballast.path, os.path.getsize(ballast.path) - 10 * MIB)
                self.wait_no_trouble(hub)
                ballast.fill(256 << 10)
            self.wait_trouble(hub, "no message is taken")
            ballast.drop()
        self.settle(hub)

    def test_killed_while_the_disk_is_full(self):
        hub = self.start_connected()
        ballast = Ballast(self.data, 1 * MIB)
        with self.load(rate=1500, size=800):
            self.wait_trouble(hub, "no message is taken")
            hub.kill()
            done = kogge("run", "--config", self.folder.path, "--data", self.data, timeout=60)
            self.assertEqual(done.code, 1, done.err)
            self.assertIn("disk is full", done.err)
            ballast.drop()
            hub = self.start_connected()
        self.settle(hub)

    def test_old_messages_are_not_given_up_for_want_of_room(self):
        hub = self.start_connected()
        self.publish(200, size=2000)
        self.wait_stored(hub, 200)
        ballast = Ballast(self.data)
        self.publish(1500, size=8000)
        self.wait_trouble(hub, "no message is taken")
        self.wait_tries(self.data)  # what is idle would give up now
        self.assertEqual(self.first_message(), 1)
        ballast.drop()
        self.settle(hub)
        self.assertEqual(self.first_message(), 1)
        self.assertEqual(self.said(hub, "given up"), [])


class Apart(Disk):
    """One part of the data folder lies on the small disk, all else has room."""

    def setUp(self):
        super().setUp()
        self.disk = self.root + "/disk"
        self.mount_small(self.disk)
        os.makedirs(self.data, 0o711)

    def put_apart(self, name):
        os.symlink(f"{self.disk}/{name}", f"{self.data}/{name}")

    def test_no_room_for_the_store_but_for_the_inbox(self):
        self.put_apart("hub.db")
        hub = self.start_connected()
        ballast = Ballast(self.disk, 64 << 10)
        with self.load(rate=1000):
            status = self.wait_trouble(hub, "messages can't be stored: the disk is full; they "
                                            "wait in the inbox")
            took = status["sources"][0]["messages"] + status["hub"]["waiting"]
            # goes on taking
            hub.wait_status(lambda s: s["hub"]["waiting"] > took + 500)
            ballast.drop()
            self.wait_no_trouble(hub)
        self.settle(hub)
        self.assert_said_once(hub, "error pipeline: messages can't be stored: the disk is full",
                              "info pipeline: messages are stored again")
        self.assertEqual(self.said(hub, "no message is taken"), [])

    def test_no_room_for_the_inbox_but_for_the_store(self):
        self.put_apart("inbox.db")
        hub = self.start_connected()
        ballast = Ballast(self.disk, 64 << 10)
        with self.load(rate=1000):
            self.wait_trouble(hub, "no message is taken: the disk is full")
            # what was taken is worked off meanwhile
            hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
            ballast.drop()
            self.wait_no_trouble(hub)
            hub.wait_connected()
        self.settle(hub)
        self.assertEqual(self.said(hub, "can't be stored"), [])

    def test_no_room_for_files(self):
        os.symlink(self.disk, self.data + "/export")
        ballast = Ballast(self.disk)
        self.make_folder(self.broker.port, hub={"publish": {"every_s": 1}})
        self.folder.put("datasets/water.json", DATASET)
        hub = self.start_connected()
        self.publish(300)
        self.wait_trouble(hub, "water-current.csv was left as it is: the disk is full")
        self.wait_tries(self.disk + "/water")  # some rounds more
        self.assertEqual(self.exported(), [])
        ballast.drop()
        self.wait_no_trouble(hub)
        self.publish(1)
        self.wait(lambda: len(self.exported()) == 301, "the file is not written")
        self.settle(hub)
        self.assert_said_once(hub, "error publish: water can't be written: ",
                              "info publish: all files are written again")

    def exported(self):
        """Lines of the current file, but its heading."""
        paths = glob.glob(self.disk + "/water/**/*current*.csv", recursive=True)
        return [line for path in paths for line in read_lines(path)][1:]


class ReadOnly(Disk):
    def run_once(self):
        done = kogge("run", "--config", self.folder.path, "--data", self.data, timeout=60)
        self.assertEqual(done.code, 1, done.err)
        return done.err

    def test_a_start_on_a_disk_that_can_only_be_read(self):
        self.mount_small(self.data)
        self.remount("ro")
        self.assertIn("ead-only file system", self.run_once())
        self.remount("rw")
        hub = self.start_connected()
        self.publish(50)
        self.wait_stored(hub, 50)
        hub.stop()
        self.remount("ro")
        self.assertIn("ead-only file system", self.run_once())
        self.remount("rw")
        hub = self.start_connected()
        self.publish(50)
        self.settle(hub)

    def remount(self, how):
        subprocess.run(["mount", "-o", "remount," + how, self.data], check=True)

    def test_a_disk_that_turns_read_only(self):
        """As the kernel does it after a fault of the disk."""
        image = self.root + "/image"
        with open(image, "wb") as file:
            file.truncate(64 * MIB)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        mounted(self, self.data, "-o", "loop", image)
        hub = self.start_connected()
        with self.load(rate=500):
            self.wait_stored(hub, 200)
            self.remount("abort")
            self.wait_trouble(hub, "no message is taken: the disk can only be read")
            numbers = self.numbers
            self.wait(lambda: self.numbers > numbers + 500, "the broker takes no more")
            hub.kill()
            subprocess.run(["umount", self.data], check=True)
            # the journal tells what was on its way
            mounted(self, self.data, "-o", "loop", image)
            hub = self.start_connected()
        self.settle(hub)


if __name__ == "__main__":
    main("disk")
