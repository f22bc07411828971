# SPDX-License-Identifier: EUPL-1.2
"""Processes of the demo: each in a group of its own, none left behind."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1


class Fault(Exception):
    """A sentence for the person who started the demo."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    """Runs in the child: the kernel ends it even if the demo is killed by SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def find_program(name):
    """Debian keeps daemons in sbin, which is not in everybody's PATH."""
    path = shutil.which(str(name), path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Fault(f"{name} is not installed; ./run demo installs it")
    return path


class Processes:
    def __init__(self):
        self.running, self.log_folder, self.began = {}, None, time.monotonic()

    def start(self, name, command):
        """Returns the path of its log."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        log = self.log_folder / f"{name}.log"
        with open(log, "wb") as file:
            self.running[name] = subprocess.Popen(
                [find_program(command[0])] + [str(word) for word in command[1:]], stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent)
        return log

    def call(self, command, timeout_s, **more):
        """Runs to its end; if we are interrupted, it ends with us."""
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   preexec_fn=die_with_parent, **more)
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as slow:
            end(process)
            raise Fault(f"{Path(command[0]).name} did not end within {timeout_s} s") from slow
        except BaseException:
            end(process)
            raise
        return process.returncode, output

    def check(self):
        """A process that ended by itself is a fault."""
        for name, process in self.running.items():
            if process.poll() is not None:
                log = self.log_folder / f"{name}.log"
                last = log.read_text(errors="replace").strip().splitlines()[-1:]
                raise Fault(f"the {name} ended by itself (code {process.returncode}): "
                            f"{last[0] if last else 'it said nothing'}; all it said is in {log}")

    def wait(self, seconds):
        """Sleeps, but not beyond the end of any process."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and all(p.poll() is None for p in self.running.values()):
            time.sleep(0.1)

    def wait_for_text(self, log, text, what, timeout_s=30):
        until = time.monotonic() + timeout_s
        while text not in log.read_text(errors="replace"):
            self.check()
            if time.monotonic() > until:
                raise Fault(f"{what} did not come up within {timeout_s} s; logs: {self.log_folder}")
            time.sleep(0.05)

    def stop(self, name):
        end(self.running.pop(name, None))

    def stop_all(self):
        """Senders first, the broker last."""
        for name in reversed(list(self.running)):
            self.stop(name)


def end(process):
    """Ends the whole group: politely, then not."""
    if process is None:
        return
    for number, patience_s in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    process.poll()
