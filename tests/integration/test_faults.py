#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The faults that other tests preload come where and when they are asked for. The victim is
this test's own interpreter: what it calls, it calls in libc, as the hub does."""
import os
import signal
import socket
import subprocess
import sys
import time
import unittest

from faults import faults, read_counts
from kogge import Folder, Hub, source, station, temporary

CALLS = """
import os, socket, sys
folder, port = sys.argv[1], int(sys.argv[2])
file = os.open(folder + "/new", os.O_WRONLY | os.O_CREAT)
os.write(file, b"whole")
os.fsync(file)
os.rename(folder + "/new", folder + "/final")
server = socket.create_connection(("127.0.0.1", port))
server.send(b"one")
os.write(server.fileno(), b"two")
os.fdatasync(file)
os.unlink(folder + "/final")
print("done")
"""
# What is to be seen after a kill at each point: the files, and what was sent.
SEEN = [(["new"], b"")] * 4 + [(["new"], b""), (["final"], b""),
                              (["final"], b""), (["final"], b"one"),
                              (["final"], b"one"), (["final"], b"onetwo"),
                              (["final"], b"onetwo"), (["final"], b"onetwo"),
                              (["final"], b"onetwo"), ([], b"onetwo")]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = temporary(self)
        self.counts = temporary(self) + "/counts"
        self.listener = self.enterContext(socket.create_server(("127.0.0.1", 0)))

    def run_calls(self, script=CALLS, **settings):
        for name in os.listdir(self.folder):
            os.remove(f"{self.folder}/{name}")
        return subprocess.run(
            [sys.executable, "-B", "-c", script, self.folder,
             str(self.listener.getsockname()[1])], check=False, capture_output=True,
            env={**os.environ, **faults(**settings)})

    def received(self):
        self.listener.setblocking(False)
        try:
            connection = self.listener.accept()[0]
        except BlockingIOError:
            return b""
        with connection:
            connection.setblocking(True)
            parts = iter(lambda: connection.recv(100), b"")
            return b"".join(parts)

    def test_calls_are_counted_by_kind(self):
        done = self.run_calls(count=self.counts)
        self.assertEqual((done.returncode, done.stdout), (0, b"done\n"), done.stderr)
        self.assertEqual(read_counts(self.counts),
                         {"sync": 2, "send": 2, "rename": 2, "write": 1, "points": 14})
        self.run_calls(count=self.counts, only="sync+rename")
        self.assertEqual(read_counts(self.counts),
                         {"sync": 2, "send": 0, "rename": 2, "write": 0, "points": 8})

    def test_it_dies_before_or_after_the_call(self):
        for point, (files, sent) in enumerate(SEEN, 1):
            with self.subTest(point):
                done = self.run_calls(kill=point)
                self.assertEqual(done.returncode, -signal.SIGKILL)
                self.assertEqual(os.listdir(self.folder), files)
                self.assertEqual(self.received(), sent)
        self.assertEqual(self.run_calls(kill=len(SEEN) + 1).returncode, 0)
        self.received()
        self.assertEqual(self.run_calls(kill=4, only="rename").returncode, -signal.SIGKILL)
        self.assertEqual(os.listdir(self.folder), [])

    def test_syncs_take_as_long_as_told(self):
        begin = time.monotonic()
        self.assertEqual(self.run_calls(sync_ms=150).returncode, 0)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_what_it_does_not_know_it_refuses(self):
        for settings in ({"kill": 0}, {"kill": "x"}, {"count": ""}, {"only": "sync+sink"},
                         {"never": 1}):
            done = self.run_calls(**settings)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"KOGGE_FAULTS", done.stderr)

    def test_the_program_and_its_libraries_go_through_it(self):
        """Nobody listens: the hub makes its stores, dials, and stops in order."""
        folder = Folder(self.folder + "/conf", [
            source("nobody", self.listener.getsockname()[1], ["a/#"], format="json", city="probe",
                   device="/id")])
        folder.put_city("probe", station("kai"))
        with Hub(folder.path, self.folder + "/data", **faults(count=self.counts)) as hub:
            self.listener.accept()[0].close()
            self.assertEqual(hub.stop(), 0)
        counts = read_counts(self.counts)
        self.assertGreater(counts["sync"], 5)   # three databases, each with its schema
        self.assertGreater(counts["rename"], 0)  # the accepted configuration
        self.assertGreater(counts["write"], counts["sync"])
        self.assertEqual(counts["points"], 2 * sum(counts[k] for k in
                                                   ("sync", "send", "rename", "write")))


if __name__ == "__main__":
    unittest.main()
