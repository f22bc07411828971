#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A disk that is full: the hub takes no message (the broker keeps them),
says so once, and goes on by itself; nothing is lost. Small file systems are mounted, so the
tests need root."""
import contextlib
import os
import sqlite3
import subprocess
import time
import unittest

from fault_world import World, main
from kogge import kogge

MIB = 1 << 20
ROOM = 48 * MIB  # of a disk; the inbox asks for 8 MiB before it takes messages again


def mounted(test, folder, *how):
    """Mounts at folder until the test ends. SKIP where that is not permitted."""
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["mount", *how, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"SKIP {test.id().split('.', 1)[1]}: mount is not permitted: {done.stderr.strip()}")
        raise unittest.SkipTest("mount is not permitted")
    test.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=False)


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


class Full(World):
    """The data folder is a small disk of its own."""

    def setUp(self):
        super().setUp()
        mounted(self, self.data, "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs")

    def wait_trouble(self, hub, words):
        return hub.wait_status(lambda s: any(words in t for t in s["hub"]["troubles"]))

    def first_message(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/inbox.db?mode=ro",
                                                uri=True, timeout=20)) as db:
            return db.execute("SELECT min(id) FROM messages").fetchone()[0]

    def wait_no_trouble(self, hub):
        hub.wait_status(lambda s: s["hub"]["troubles"] == [])

    def assert_said_once(self, hub, *sentences):
        for words in sentences:
            self.assertEqual(len(self.said(hub, words)), 1, hub.log)

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
            time.sleep(3)  # the hub asks for room, and finds none
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
        time.sleep(2)  # what is idle would give up now
        self.assertEqual(self.first_message(), 1)
        ballast.drop()
        self.settle(hub)
        self.assertEqual(self.first_message(), 1)
        self.assertEqual(self.said(hub, "given up"), [])


if __name__ == "__main__":
    main("disk")
