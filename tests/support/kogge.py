# SPDX-License-Identifier: EUPL-1.2
"""The program under test: run once, or as a hub; and configuration folders for it.

    done = kogge("check", "--config", folder)      # done.code, done.out, done.err
    with Hub(config, data) as hub:                 # started, answers on its socket
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0)
"""
import collections
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = os.environ.get("KOGGE_ROOT") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BINARIES = os.environ.get("KOGGE_BIN", os.path.join(ROOT, "build/dev"))
PROGRAM = os.path.join(BINARIES, "kogge")
SHIPPED = os.path.join(ROOT, "hub/conf")

Done = collections.namedtuple("Done", "code out err")


def environment(**others):
    keep = {k: v for k, v in os.environ.items() if not k.startswith("KOGGE_")}
    return {**keep, "KOGGE_SHIPPED": SHIPPED, **others}


def kogge(*arguments, stdin=b"", timeout=120, **others):
    """Output as text; what is no UTF-8 in it fails the test here."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, env=environment(**others),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def temporary(test):
    """A folder that goes with the test."""
    folder = tempfile.mkdtemp(prefix="kogge-test-")
    test.addCleanup(shutil.rmtree, folder, True)
    return folder


def write_json(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
    os.replace(path + ".part", path)


FROM = "2020-01-01T00:00:00Z"


def station(name, **others):
    return {"station": name, "title": {"de": name, "en": name}, "lat": 53.9, "lon": 10.7,
            "water": "Trave", "water_type": "brackish", "demonstration": False,
            "position_source": "test", "position_verified": False, **others}


def judged_alone(*parameters):
    """Tests of a station that look at each value by itself: made up series jump and stand still."""
    off = {"spike_test": None, "rate_of_change_test": None, "flat_line_test": None}
    return {parameter: off for parameter in parameters}


def city(name, *stations):
    return {"city": name, "title": {"de": name, "en": name}, "key": "010030000000", "state": "SH",
            "publisher": {"name": "Test", "url": "https://example.org"},
            "contact": {"name": "Test", "email": "test@example.org"}, "licence": "dl-zero-de/2.0",
            "stations": list(stations)}


def device(name, model, at, **others):
    return {"device": name, "model": model,
            "at": [{"station": at, "from": FROM, "to": None, **others}]}


def source(name, port, subscribe, **others):
    return {"source": name, "broker": f"mqtt://127.0.0.1:{port}", "client_id": "kogge-" + name,
            "subscribe": subscribe, **others}


class Folder:
    """A configuration folder; what ships stands behind it file by file."""

    def __init__(self, path, sources=(), targets=(), **others):
        self.path = path
        self.hub = {"data": "../data", "sources": list(sources), "targets": list(targets),
                    **others}
        self.put("hub.json", self.hub)

    def put(self, name, content):
        write_json(os.path.join(self.path, name), content)

    def put_city(self, name, *stations):
        self.put(f"cities/{name}.json", city(name, *stations))

    def put_device(self, city_name, content):
        self.put(f"cities/{city_name}/device-{content['device']}.json", content)

    def put_model(self, content):
        self.put(f"devices/{content['model']}.json", content)


class Hub:
    """A running hub. log: what it said on stderr so far. others: variables of its
    environment. prefix: words that stand before the program, such as setpriv."""

    def __init__(self, config, data, wait=True, prefix=(), **others):
        self.config, self.data = config, data
        self.log = []
        self.process = subprocess.Popen(
            [*prefix, PROGRAM, "run", "--config", config, "--data", data],
            env=environment(**others), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait:
            self.wait_status(lambda s: s["hub"]["running"])

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def ask(self, *arguments, **others):
        return kogge(*arguments, "--data", self.data, "--config", self.config, **others)

    def is_running(self):
        """It has said so."""
        return any(" hub: running;" in line for line in self.log)

    def status(self):
        done = self.ask("status", "--json")
        return json.loads(done.out) if done.out else None

    def wait_status(self, condition, seconds=60):
        """Asks until condition holds; gives the status."""
        end = time.monotonic() + seconds
        while True:
            status = self.status()
            if status is not None and condition(status):
                return status
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"status {json.dumps(status)[:3000]} log {self.log[-20:]}")
            time.sleep(0.02)

    def wait_messages(self, count, seconds=120):
        """Until so many messages came and all are worked off."""
        return self.wait_status(
            lambda s: s["hub"]["waiting"] == 0 and
            sum(r.get("messages", 0) for r in s["sources"]) >= count, seconds)

    def wait_connected(self, seconds=60):
        """Until all sources are that have a broker."""
        return self.wait_status(lambda s: any(r.get("connected") for r in s["sources"]) and
                                all(r.get("connected", True) for r in s["sources"]), seconds)

    def stop(self):
        """In order; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._end()

    def kill(self):
        self.process.kill()
        return self._end()

    def _end(self):
        code = self.process.wait(60)
        self._reader.join()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.process.stderr.closed:
            self.stop()
