#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The hub as a service: what it tells the service manager, and the unit that ships."""
import ctypes
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import broker as brokers
from buoy import PATIENCE_S, World, await_true, skip
from kogge import ROOT


class Manager:
    """Listens as the service manager does."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name[0] == "@" else name)
        self.said = []

    def listen(self, seconds):
        """Takes what comes within that time, one datagram at most."""
        self.socket.settimeout(seconds)
        try:
            self.said += self.socket.recv(4096).decode().splitlines()
            return True
        except (TimeoutError, BlockingIOError):
            return False

    def await_line(self, pattern):
        """Until such a line comes; what came before it is forgotten."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            while self.said:
                line = self.said.pop(0)
                if re.fullmatch(pattern, line):
                    return line
            self.listen(0.2)
        raise AssertionError(f"no {pattern}")

    def drain(self):
        while self.listen(0):
            pass
        self.said.clear()


class Thread:
    """One thread of another process, held as a debugger does."""
    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, process, name):
        self.ids = []
        for path in glob.glob(f"/proc/{process.pid}/task/*/comm"):
            with open(path, encoding="ascii") as file:
                if file.read() == name + "\n":
                    self.ids.append(int(path.split("/")[4]))

    def trace(self, what, thread):
        if self.libc.ptrace(ctypes.c_long(what), ctypes.c_long(thread), None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def hold(self):
        (thread,) = self.ids
        self.trace(self.SEIZE, thread)
        self.trace(self.INTERRUPT, thread)
        os.waitpid(thread, self.WALL)

    def let_go(self):
        self.trace(self.DETACH, self.ids[0])


class Notify(World):
    def setUp(self):
        super().setUp()
        self.make_folder()
        self.name = self.root + "/notify"

    def manage(self, **others):
        self.manager = Manager(self.name)
        self.addCleanup(self.manager.socket.close)
        return self.start(NOTIFY_SOCKET=self.name, **others)

    def test_ready_status_reload_stop(self):
        hub = self.manage()
        self.manager.await_line("READY=1")
        self.manager.await_line("STATUS=1 of 1 sources connected, 0 messages wait")
        self.assertEqual(hub.ask("reload").code, 0)
        self.manager.await_line("RELOADING=1")
        self.manager.await_line(r"MONOTONIC_USEC=\d+")
        self.manager.await_line("READY=1")
        hub.process.send_signal(signal.SIGHUP)
        self.manager.await_line("RELOADING=1")
        self.manager.await_line("READY=1")
        self.folder.put("hub.json", {"data": 3})
        self.assertEqual(hub.ask("reload").code, 5)
        self.manager.await_line("RELOADING=1")
        self.manager.await_line("READY=1")
        self.assertEqual(hub.stop(), 0)
        self.manager.await_line("STOPPING=1")
        self.assertNotIn("WATCHDOG=1", self.manager.said)

    def test_ready_does_not_wait_for_the_broker(self):
        self.broker.stop()
        self.manage()
        self.manager.await_line("READY=1")
        self.manager.await_line("STATUS=0 of 1 sources connected, 0 messages wait")
        self.broker.start()
        self.manager.await_line("STATUS=1 of 1 sources connected, 0 messages wait")

    def test_a_name_without_a_file(self):
        self.name = f"@kogge-test-{os.getpid()}"
        self.manage()
        self.manager.await_line("READY=1")

    def test_a_manager_that_is_gone_or_does_not_read_disturbs_nobody(self):
        hub = self.manage(WATCHDOG_USEC="4000")
        self.manager.await_line("READY=1")
        await_true(lambda: len(self.waiting_datagrams()) > 0)  # its queue is full soon
        self.send(1)
        hub.wait_messages(1)
        self.manager.socket.close()
        self.send(2)
        hub.wait_messages(2)
        self.assertEqual(hub.stop(), 0)

    def waiting_datagrams(self):
        return self.manager.socket.recv(1, socket.MSG_PEEK)

    def test_a_watchdog_of_another_process_is_not_ours(self):
        self.manage(WATCHDOG_USEC="400000", WATCHDOG_PID="1")
        self.manager.await_line("STATUS=.*")
        self.assertNotIn("WATCHDOG=1", self.manager.said)

    def sees_a_thread_that_stands_still(self, name, in_words):
        if os.geteuid() != 0:
            skip(self, "only root may hold a thread of the hub")
        hub = self.manage(WATCHDOG_USEC="4000000")
        hub.wait_connected()
        self.manager.await_line("WATCHDOG=1")
        self.manager.await_line("WATCHDOG=1")
        thread = Thread(hub.process, name)
        thread.hold()
        try:
            await_true(lambda: any(in_words in line for line in hub.log))
            self.manager.drain()
            self.send(1)  # work does not help a thread that stands still
            for _ in range(20):
                self.manager.listen(0.2)
            self.assertNotIn("WATCHDOG=1", self.manager.said)
            self.assertEqual(sum(in_words in line for line in hub.log), 1)
        finally:
            thread.let_go()
        self.manager.await_line("WATCHDOG=1")
        hub.wait_messages(1)
        self.assertTrue(any("go on again" in line for line in hub.log))
        self.assertEqual(hub.stop(), 0)

    def test_no_sign_of_life_while_the_pipeline_stands_still(self):
        self.sees_a_thread_that_stands_still("pipeline", "the pipeline does not go on")

    def test_no_sign_of_life_while_a_gate_stands_still(self):
        self.sees_a_thread_that_stands_still("gate", "the gate of a source does not go on")


class Unit(unittest.TestCase):
    PATH = ROOT + "/docs/kogge.service"

    def test_the_unit_is_hardened(self):
        if not shutil.which("systemd-analyze"):
            skip(self, "no systemd-analyze (package systemd)")
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               self.PATH], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        found = re.search(r"exposure level for kogge.service: ([\d.]+)", done.stdout)
        if found is None:
            skip(self, "systemd-analyze does not run here: " + done.stderr.strip())
        self.assertLessEqual(float(found[1]), 1.5, done.stdout)

    def test_it_waits_for_what_the_hub_says(self):
        with open(self.PATH, encoding="utf-8") as file:
            unit = file.read()
        for line in ("Type=notify", "NotifyAccess=main", "User=kogge", "UMask=0077", "LimitCORE=0",
                     "ProtectSystem=strict"):
            self.assertIn("\n" + line + "\n", unit)
        # a gate's longest step is 45 s, and half of this is what a step may take
        self.assertIn("\nWatchdogSec=2min\n", unit)


if __name__ == "__main__":
    if not brokers.PROGRAM:
        print("SKIP test_service: no mosquitto")
        sys.exit(77)
    unittest.main()
