#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Every command of README.md and docs/ is run, and does what the page shows.

How a page is read: support/page.py. What it is run with: a folder of its own, the programs
of this build, a broker and a portal of its own.
"""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.environ.get("KOGGE_ROOT") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.environ.get("KOGGE_BIN") or os.path.join(ROOT, "build", "dev")
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

import page

PAGES = ["README.md", "hub/README.md"] + sorted(
    os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "docs", "*.md")))
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)|<img[^>]* src=\"([^\":]+)\"")
STEP_S = 600
START_S = 30


def until(what, deadline_s, asked):
    """Asks until asked() gives something; the pause only spares the processor."""
    end = time.monotonic() + deadline_s
    while True:
        answer = asked()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline_s} s")
        time.sleep(0.05)


class Sandbox:
    """One folder in which the blocks of one page run."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kogge-docs-")
        os.chmod(self.folder, 0o755)  # PostgreSQL passes through as another user
        self.state = os.path.join(self.folder, ".state")
        self.processes = []
        self.portal = None
        self.instead = {}
        home = os.path.join(self.folder, "home")
        os.mkdir(home)
        keep = {name: os.environ[name] for name in os.environ if not name.startswith("KOGGE_")}
        # Debian keeps the broker where only root looks.
        path = os.pathsep.join([BIN, os.environ["PATH"], "/usr/sbin"])
        self.environment = {**keep, "HOME": home, "PATH": path, "LC_ALL": "C.UTF-8",
                            "NO_COLOR": "1"}

    def path(self, name):
        return os.path.join(self.folder, name)

    def fill(self, text):
        """Names of examples in the page become those of the servers started for it."""
        for example, real in self.instead.items():
            text = text.replace(example, real)
        return text

    def copy_conf(self):
        shutil.copytree(os.path.join(ROOT, "hub", "conf"), self.path("conf"))
        self.point_to_broker()

    def point_to_broker(self):
        hub = self.path("conf/hub.json")
        if os.path.exists(hub):
            with open(hub, encoding="utf-8") as file:
                text = self.fill(file.read())
            with open(hub, "w", encoding="utf-8") as file:
                file.write(text)

    def copy_source(self):
        """As a clone has it: no build, no cache."""
        shutil.copytree(ROOT, self.path("kogge"), symlinks=True, ignore=lambda folder, names: [
            name for name in names if name in ("build", ".git", ".cache", "__pycache__")])

    def start(self, name, command, log):
        with open(self.path(log), "wb") as out:
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment,
                                       stdout=out, stderr=subprocess.STDOUT)
        self.processes.append((name, process))
        return process

    def start_broker(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with open(self.path("broker.conf"), "w", encoding="utf-8") as out:
            out.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        process = self.start("broker", ["mosquitto", "-c", self.path("broker.conf")],
                             "broker.log")
        until("broker", START_S, lambda: process.poll() is not None or reachable(port))
        if process.poll() is not None:
            raise AssertionError("the broker ended: " + self.tail("broker.log"))
        self.instead["127.0.0.1:1883"] = f"127.0.0.1:{port}"
        self.instead["-p 1883"] = f"-p {port}"
        self.point_to_broker()

    def start_hub(self):
        where = ["--config", self.path("conf"), "--data", self.path("data")]
        process = self.start("hub", [os.path.join(BIN, "kogge"), "run", *where], "hub.log")
        asked = [os.path.join(BIN, "kogge"), "status", "--json", *where]

        def answers():
            """It answers, and is subscribed: an earlier message would be lost."""
            if process.poll() is not None:
                return True
            said = subprocess.run(asked, env=self.environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, check=False)
            if said.returncode not in (0, 3):
                return False
            return all(s.get("connected") for s in json.loads(said.stdout)["sources"])

        until("hub", START_S, answers)
        if process.poll() is not None:
            raise AssertionError("the hub ended: " + self.tail("hub.log"))

    def start_portal(self):
        tools = os.path.join(ROOT, "tests", "support", "ckan")
        subprocess.run([os.path.join(tools, "install.sh")], check=True)
        self.portal = [os.path.join(tools, "portal.sh"), "wipe", self.path("portal")]
        said = subprocess.run([self.portal[0], "up", self.path("portal")], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        facts = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        with open(facts["CKAN_TOKEN_FILE"], encoding="utf-8") as token:
            self.instead["PASTE-THE-TOKEN-HERE"] = token.read().strip()
        self.instead["https://portal.example"] = facts["CKAN_URL"]

    def put(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)) or ".", exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(self.fill(text))

    def merge(self, name, text):
        with open(self.path(name), encoding="utf-8") as file:
            document = json.load(file)
        document.update(json.loads(text))
        self.put(name, json.dumps(document, indent=2, ensure_ascii=False))

    def run(self, script):
        """(exit code, output); variables and working folder stay for the next block."""
        whole = (f"[ ! -e {self.state} ] || . {self.state}\nset -euo pipefail\n"
                 f"trap '{{ export -p; printf \"cd %q\\n\" \"$PWD\"; }} > {self.state}' EXIT\n"
                 + self.fill(script))
        done = subprocess.run(["bash", "-c", whole], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace", timeout=STEP_S,
                              check=False)
        return done.returncode, done.stdout

    def tail(self, name):
        with open(self.path(name), errors="replace", encoding="utf-8") as text:
            return "".join(text.readlines()[-20:])

    def close(self):
        """Stops what was started, the last first, and says what did not end well."""
        faults = []
        for name, process in reversed(self.processes):
            early = process.poll() is not None
            if not early:
                process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if early or code != 0:
                faults.append(f"{name} ended {'early ' if early else ''}with {code}: "
                              + self.tail(name + ".log"))
        if self.portal:
            subprocess.run(self.portal, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        return faults


def reachable(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def run_block(sandbox, step):
    """None, or what was wrong."""
    end = time.monotonic() + step.within_s
    while True:
        code, output = sandbox.run(step.text)
        fault = None
        if code != step.exit:
            fault = f"ended with {code}, not {step.exit}"
        elif page.missing(step.expect, output):
            fault = f"does not show '{page.missing(step.expect, output)}'"
        if fault is None or time.monotonic() > end:
            return fault and f"{fault}\n{step.text}--- it said:\n{output}"
        time.sleep(0.1)


def run_page(text, name="page"):
    """Faults of one page."""
    sandbox, faults = Sandbox(), []
    try:
        for step in page.parse(text):
            if step.kind == "run":
                fault = run_block(sandbox, step)
                if fault:
                    faults.append(f"{name}:{step.line}: {fault}")
                    break
            elif step.kind in ("file", "merge"):
                {"file": sandbox.put, "merge": sandbox.merge}[step.kind](step.name, step.text)
            elif step.kind == "skip":
                print(f"{name}:{step.line}: not run, {step.name}")
            else:
                getattr(sandbox, f"{step.kind}_{step.name}")()
    finally:
        faults += sandbox.close()
    return faults


class Machinery(unittest.TestCase):
    """What reads and runs the pages finds what it must find."""

    def faults(self, text):
        return "\n".join(run_page(text))

    def test_blocks_run_in_order_in_one_folder(self):
        self.assertEqual(self.faults("""
```sh
mkdir inner && cd inner
export WORD=kept
```
prose
```sh
echo "$WORD in ${PWD##*/}: 17 ms"
```
```text
kept in inner: … ms
```
"""), "")

    def test_wrong_exit_code_is_found(self):
        self.assertIn("page:1: ended with 1, not 0", self.faults("```sh\nfalse\ntrue\n```\n"))
        self.assertEqual(self.faults("<!-- test: exit 3 -->\n```sh\n(exit 3)\n```\n"), "")
        self.assertIn("ended with 0, not 3",
                      self.faults("<!-- test: exit 3 -->\n```sh\ntrue\n```\n"))

    def test_missing_and_misplaced_lines_are_found(self):
        self.assertIn("does not show 'two'",
                      self.faults("```sh\necho one\n```\n```text\none\ntwo\n```\n"))
        self.assertIn("does not show 'a'",
                      self.faults("```sh\necho a; echo b\n```\n```text\nb\na\n```\n"))

    def test_files_are_written_and_blocks_repeated(self):
        self.assertEqual(self.faults("""
<!-- test: file conf/a.json -->
```json
{"a": 0, "b": 2}
```
<!-- test: merge conf/a.json -->
```json
{"a": 1}
```
<!-- test: within 10 -->
```sh
tr -d '\\n' < conf/a.json; echo; echo x >> count; wc -l < count
```
```text
{"a":1, "b":2}
3
```
"""), "")

    def test_a_command_that_can_run_can_not_be_left_out(self):
        for text in ("<!-- test: skip it takes too long -->\n```sh\nkogge check\n```\n",
                     "<!-- test: skip no -->\n```sh\nsudo reboot\n```\n",
                     "<!-- test: skp a b c -->\n```sh\ntrue\n```\n",
                     "<!-- test: exit 3 -->\n", "```sh\ntrue\n"):
            self.assertRaises(ValueError, page.parse, text)

    def test_broker_is_started_and_stopped(self):
        self.assertEqual(self.faults("""
<!-- test: start broker -->
```sh
mosquitto_pub -h 127.0.0.1 -p 1883 -t a/b -m hello -r
mosquitto_sub -h 127.0.0.1 -p 1883 -t a/b -C 1 -W 10
```
```text
hello
```
"""), "")


class Pages(unittest.TestCase):
    def read(self, name):
        with open(os.path.join(ROOT, name), encoding="utf-8") as text:
            return text.read()

    def test_links_lead_somewhere(self):
        for name in PAGES:
            folder = os.path.dirname(os.path.join(ROOT, name))
            for found in LINK.findall(self.read(name)):
                target = found[0] or found[1]
                self.assertTrue(os.path.exists(os.path.join(folder, target)), f"{name}: {target}")

    def test_json_is_json(self):
        for name in PAGES:
            for line, language, body in page.blocks(self.read(name)):
                if language == "json":
                    with self.subTest(f"{name}:{line}"):
                        json.loads(body)

    def test_commands_do_what_the_page_shows(self):
        if not os.path.exists(os.path.join(BIN, "kogge")):
            print(f"SKIP commands_of_pages: no program kogge in {BIN}")
            self.skipTest("no program")
        for name in PAGES:
            with self.subTest(name):
                start = time.monotonic()
                faults = run_page(self.read(name), name)
                print(f"{name}: {time.monotonic() - start:.1f} s", flush=True)
                self.assertEqual(faults, [], "\n" + "\n".join(faults))


if __name__ == "__main__":
    unittest.main()
