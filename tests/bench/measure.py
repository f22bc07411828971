# SPDX-License-Identifier: EUPL-1.2
"""What the benches read of a process and of a store, cheaply."""
import json
import os
import socket
import sqlite3
import statistics
import time
from pathlib import Path

TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
CURSOR = 0  # name of the cursor among the numbers of hub.db


def cpu_us(pid):
    """User and system time of all threads, in ticks of 10 ms."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * TICK_US


def cpu_us_by_thread(pid):
    """name -> user and system time of the threads of that name. paho's have the program's."""
    times = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        head, _, tail = (task / "stat").read_text(encoding="ascii").rpartition(")")
        words = tail.split()
        name = head.partition("(")[2]
        times[name] = times.get(name, 0.0) + (int(words[11]) + int(words[12])) * TICK_US
    return times


def of_status_mib(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def highest_rss_mib(pid):
    return of_status_mib(pid, "VmHWM")


def rss_mib(pid):
    return of_status_mib(pid, "VmRSS")


def descriptors(pid):
    """None where they may not be seen: the hub shows them to root only."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return None


def size_of(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class Cursor:
    """The last inbox id that the hub has stored, read beside it."""

    def __init__(self, data):
        self.db = sqlite3.connect(f"file:{data}/hub.db?mode=ro", uri=True, isolation_level=None)

    def read(self):
        row = self.db.execute("SELECT value FROM numbers WHERE name = ?", (CURSOR,)).fetchone()
        return row[0] if row else 0

    def observations(self):
        return self.db.execute("SELECT count(*) FROM observations").fetchone()[0]

    def close(self):
        self.db.close()


class Inbox:
    """The last id that the inbox gave."""

    def __init__(self, data):
        self.db = sqlite3.connect(f"file:{data}/inbox.db?mode=ro", uri=True, isolation_level=None)

    def read(self):
        row = self.db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
        return row[0] if row else 0

    def close(self):
        self.db.close()


def answers(data):
    """True if the hub's control socket answers a request for its status."""
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(Path(data) / "hub.sock"))
            s.sendall(b'{"verb": "status"}\n')
            return s.recv(1) != b""
    except OSError:
        return False


def status(data):
    """All lines of the hub's own status."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(str(Path(data) / "hub.sock"))
        s.sendall(b'{"verb": "status"}\n')
        return [json.loads(line) for line in s.makefile(encoding="utf-8")]


def wait_until(what, seconds, step_s=0.005):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError("nothing happened for too long")
        time.sleep(step_s)


def median(values):
    return statistics.median(values) if values else float("nan")
