# SPDX-License-Identifier: EUPL-1.2
"""A mosquitto on a free port of this machine, with a folder of its own.

    with Broker() as broker:            # started, answers
        broker.port
        broker.kill(); broker.start()   # the same port
"""
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

PROGRAM = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """settings: further lines of mosquitto.conf. tls: a certificates.Authority; then the
    port speaks TLS. persistent: sessions survive a restart (stop, not kill)."""

    def __init__(self, settings="", tls=None, persistent=True, client_certificates=False,
                 name="localhost", port=None, start=True):
        self.folder = tempfile.mkdtemp(prefix="kogge-broker-")
        self.port = port or free_port()
        self.process = None
        self.tls = tls
        lines = [f"listener {self.port} 127.0.0.1",
                 "max_queued_messages 0", "max_inflight_messages 1000",
                 "set_tcp_nodelay true", "user root",
                 f"persistence {'true' if persistent else 'false'}",
                 f"persistence_location {self.folder}/", "log_dest file " + self.log,
                 "log_type all"]
        if "allow_anonymous" not in settings:
            lines.append("allow_anonymous true")
        if tls:
            certificate, key = tls.issue(name)
            lines += [f"cafile {tls.certificate}", f"certfile {certificate}",
                      f"keyfile {key}"]
            if client_certificates:
                lines += ["require_certificate true", "use_identity_as_username true"]
        with open(self.folder + "/mosquitto.conf", "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n" + settings + "\n")
        if start:
            self.start()

    @property
    def log(self):
        return self.folder + "/mosquitto.log"

    def start(self):
        if os.path.exists(self.log):
            os.remove(self.log)
        self.process = subprocess.Popen(
            [PROGRAM, "-c", self.folder + "/mosquitto.conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("mosquitto does not start: " + self.read_log())
            time.sleep(0.01)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        """In order: sessions are saved if persistent."""
        self._end(subprocess.Popen.terminate)

    def kill(self):
        self._end(subprocess.Popen.kill)

    def _end(self, how):
        if self.process:
            how(self.process)
            self.process.wait()
            self.process = None

    def read_log(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def wait_log(self, pattern, seconds=20):
        """Until a line of the log matches since the last start."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.read_log(), re.MULTILINE):
            if time.monotonic() > end:
                raise TimeoutError(f"no {pattern} in the broker's log: {self.read_log()}")
            time.sleep(0.01)

    def wait_subscribed(self, *clients):
        for client in clients:
            self.wait_log(f"Sending SUBACK to {re.escape(client)}$")

    def client_context(self):
        """For a python client of this broker; None without TLS."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.tls.certificate)
        context.load_cert_chain(*self.tls.issue("test-client"))
        return context

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
