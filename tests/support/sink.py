# SPDX-License-Identifier: EUPL-1.2
"""The test program ingest_sink, driven by lines, and what its inbox.db holds.

    with Sink(folder) as sink:
        sink.apply([source("one", port, ["a/#"])])
        sink.wait("one", lambda s: s["connected"] == "1")
"""
import os
import sqlite3
import subprocess
import tempfile
import threading
import time

PROGRAM = os.path.join(os.environ.get("KOGGE_BIN", "build/dev"), "tests", "ingest_sink")


def source(name, port, subscribe, tls=False, host="127.0.0.1", **fields):
    """fields: client_id, user, password_file, ca_file, version ..."""
    fields.setdefault("client_id", "kogge-" + name)
    fields["broker"] = f"mqtt{'s' if tls else ''}://{host}:{port}"
    return {"name": name, **fields, "subscribe": list(subscribe)}


class Sink:
    def __init__(self, folder, environment=None):
        self.folder = folder
        self.log = []
        self.process = subprocess.Popen(
            [PROGRAM, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, **(environment or {})})
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        assert self._line() == "ready", self.log

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def _line(self):
        return self.process.stdout.readline().rstrip("\n")

    def _say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def apply(self, sources, ceiling=256 * 1024):
        """The text of the error code, "done" if none, and the sentence."""
        for s in sources:
            fields = [f"{k}={v}" for k, v in s.items() if k != "subscribe"]
            fields += [f"subscribe={f}" for f in s["subscribe"]]
            self._say("source\t" + "\t".join(fields))
        self._say(f"apply {ceiling}")
        return self._line().split("\t")[1:]

    def status(self):
        self._say("status")
        out = {}
        while (line := self._line()) != "end":
            assert line, f"the sink ended: {self.log}"
            fields = dict(f.split("=", 1) for f in line.split("\t")[1:])
            out[fields["name"]] = fields
        return out

    def wait(self, name, condition, seconds=20):
        """Asks for the status until condition holds; gives it."""
        end = time.monotonic() + seconds
        while True:
            status = self.status()[name]
            if condition(status):
                return status
            if time.monotonic() > end:
                raise TimeoutError(f"{status} log {self.log}")
            time.sleep(0.01)

    def wait_connected(self, name, seconds=20):
        return self.wait(name, lambda s: s["connected"] == "1", seconds)

    def disk(self, full):
        self._say("full" if full else "roomy")
        assert self._line() == "done"

    def kill(self):
        self.process.kill()
        self._end()

    def quit(self):
        """Milliseconds it took to close all connections."""
        self._say("quit")
        while not (line := self._line()).startswith("closed"):
            assert line or self.process.poll() is None, self.log
        self._end()
        assert self.process.returncode == 0, (self.process.returncode, self.log)
        return int(line.split("\t")[1])

    def _end(self):
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


class Inbox:
    """Reads inbox.db; may be used while the sink runs."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "inbox.db")

    def rows(self, sql, *values):
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def payloads(self):
        return [r[0] for r in self.rows("SELECT payload FROM messages ORDER BY id")]

    def wait_rows(self, sql, wanted, seconds=20):
        end = time.monotonic() + seconds
        while (rows := self.rows(sql)) != wanted:
            if time.monotonic() > end:
                raise TimeoutError(f"{sql}: {rows}, not {wanted}")
            time.sleep(0.01)

    def wait_count(self, count, seconds=20):
        end = time.monotonic() + seconds
        while (n := self.rows("SELECT count(*) FROM messages")[0][0]) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{n} of {count} messages in the inbox")
            time.sleep(0.01)


def temporary():
    return tempfile.TemporaryDirectory(prefix="kogge-sink-")
