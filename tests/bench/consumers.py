# SPDX-License-Identifier: EUPL-1.2
"""Those that take messages from the broker: the sinks of bench_sink, and the real hub. All are
measured alike: their session waits at the broker with all messages, the broker stands still
(SIGSTOP) while they start, and time and CPU count from where it goes on."""
import os
import signal
import subprocess
import time
from pathlib import Path

import measure

BIN = Path(os.environ.get("KOGGE_BIN", "build/release")).absolute()


class Consumer:
    """After run: seconds, cpu_us (of the process) and threads_us (by name, the start counted
    too) a message, rss_mib, wal_mb."""

    def __init__(self, name):
        self.name = name
        self.process = None
        self.environment = {}  # further variables
        self.threads_us = {}
        self.seconds = self.cpu_us = self.rss_mib = self.wal_mb = 0.0

    def run(self, broker, want):
        os.kill(broker.process.pid, signal.SIGSTOP)
        try:
            self.start(want)
        finally:
            before_us = measure.cpu_us(self.process.pid)
            begin = time.monotonic()
            os.kill(broker.process.pid, signal.SIGCONT)
        self.wait(want)
        self.seconds = time.monotonic() - begin
        self.cpu_us = (measure.cpu_us(self.process.pid) - before_us) / want
        self.rss_mib = measure.highest_rss_mib(self.process.pid)
        self.threads_us = {name: us / want for name, us in measure.cpu_us_by_thread(self.process.pid).items()}
        self.stop()


class Sink(Consumer):
    """mode: noop, commit or inbox."""

    def __init__(self, mode, port, filters, folder, name=None):
        super().__init__(name or mode)
        self.arguments = [str(BIN / "tests" / "bench_sink"), mode, str(port), "bench-" + self.name, filters]
        self.mode = mode
        self.folder = folder / self.name
        self.folder.mkdir(parents=True, exist_ok=True)

    def start(self, want):
        for path in self.folder.iterdir():
            path.unlink()
        self.process = subprocess.Popen([*self.arguments, str(want), str(self.folder)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, **self.environment})
        self.expect("ready")
        time.sleep(0.2)

    def expect(self, word):
        line = self.process.stdout.readline().strip()
        if line != word:
            raise RuntimeError(f"bench_sink {self.name}: expected {word}, got {line!r}")

    def wait(self, _want):
        self.expect("done")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def leave_session(self):
        for want in (-1, 0) if self.mode != "inbox" else (0,):  # -1: what waits is forgotten
            self.start(want)
            self.expect("done")
            self.stop()


class Hub(Consumer):
    """The real program, with the configuration in conf and the store in data."""

    def __init__(self, conf, data):
        super().__init__("hub")
        self.conf, self.data = Path(conf), Path(data)
        self.log = self.data / "bench.log"
        self.first = 0
        self.course_mib = []  # RSS every 20 ms
        self.start_s = 0.0

    def start(self, _want=0):
        """start_s: until the control socket answers."""
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "kogge"), "run", "--config", str(self.conf), "--data", str(self.data)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment})
        measure.wait_until(self.is_up, 60, 0.001)
        self.start_s = time.monotonic() - begin
        time.sleep(0.2)

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError("the hub ended: " + self.log.read_text(encoding="utf-8")[-2000:])
        return measure.answers(self.data)

    def wait(self, want):
        cursor = measure.Cursor(self.data)
        aim = self.first + want
        largest = 0
        self.course_mib = []
        try:
            while cursor.read() < aim:
                largest = max(largest, measure.size_of(self.data / "inbox.db-wal"))
                self.course_mib.append(measure.rss_mib(self.process.pid))
                time.sleep(0.02)
                if self.process.poll() is not None:
                    raise RuntimeError("the hub ended: " + self.log.read_text(encoding="utf-8")[-2000:])
        finally:
            cursor.close()
        self.wal_mb = max(largest, measure.size_of(self.data / "inbox.db-wal")) / 1e6

    def run(self, broker, want):
        cursor = measure.Cursor(self.data)
        self.first = cursor.read()
        cursor.close()
        super().run(broker, want)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def leave_session(self):
        self.start()
        self.wait_connected()
        self.stop()

    def wait_connected(self):
        def connected():
            states = [row["connected"] for row in self.rows() if "connected" in row]
            return states and all(states)
        measure.wait_until(connected, 30, 0.02)

    def rows(self):
        rows = []
        for line in measure.status(self.data):
            rows += [line, *(row for value in line.values() if isinstance(value, list) for row in value)]
        return [row for row in rows if isinstance(row, dict)]
