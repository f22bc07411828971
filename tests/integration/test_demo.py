#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The demo: data of all cities, and nothing left running however it ends."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["KOGGE_BIN"])
ROOT = Path(os.environ["KOGGE_ROOT"])


class Demo(unittest.TestCase):
    def setUp(self):
        """A root of its own, so that a demo on this desk is left alone."""
        self.root = Path(tempfile.mkdtemp(prefix="kogge-test-"))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "hub").mkdir()
        shutil.copytree(ROOT / "hub" / "conf", self.root / "hub" / "conf")

    def start(self, *words):
        environment = {**os.environ, "KOGGE_ROOT": str(self.root), "KOGGE_BIN": str(BIN)}
        process = subprocess.Popen([sys.executable, "-B", ROOT / "tests" / "support" / "demo.py", *words],
                                   stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def left_running(self):
        """Command lines of processes that name our root."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.root) in line:
                found.append(line)
        return found

    def test_for_ends_by_itself_with_all_cities(self):
        demo = self.start("--for", "5")
        said = demo.communicate(timeout=240)[0]
        self.assertEqual(demo.returncode, 0, said)
        self.assertIn("All 7 cities are in the dataset", said)
        self.assertEqual(self.left_running(), [])

    def test_signals_end_everything(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            demo = self.start()
            for line in demo.stdout:
                if line.startswith("What arrived"):
                    break
            self.assertGreaterEqual(len(self.left_running()), 3)
            demo.send_signal(number)
            said = demo.communicate(timeout=60)[0]
            self.assertEqual(demo.returncode, 128 + number, said)
            self.assertIn("Everything is stopped", said)
            self.assertEqual(self.left_running(), [])


if __name__ == "__main__":
    if not (BIN / "kogge").exists():
        print("SKIP test_demo: the hub's program was not built")
        sys.exit(77)
    unittest.main()
