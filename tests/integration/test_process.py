#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The hub as a process among others: what it writes and where, what it keeps to itself,
and whom its tunnels let in."""
import base64
import glob
import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import broker as brokers
from buoy import PATIENCE_S, World, await_true, message, skip
from certificates import Authority
from kogge import PROGRAM, Hub, environment
from mqtt_wire import Publisher


# In a name space of its own: all is read-only but $DATA; then the words behind it are run.
READ_ONLY = """
mount --make-rprivate / && mount --bind "$DATA" "$DATA" || exit 77
awk '{ print $5 }' /proc/self/mountinfo | while read -r at; do
    [ "$at" = "$DATA" ] || mount -o remount,bind,ro "$at"
done 2> /dev/null
for at in /tmp /var/tmp /dev/shm /run /etc "$DATA/.."; do
    ! touch "$at/kogge-test-wrote" 2> /dev/null || exit 77
done
exec "$@"
"""
USER = ["setpriv", "--reuid", "64123", "--regid", "64123", "--clear-groups"]


def modes(folder):
    """path below folder -> mode"""
    return {os.path.relpath(os.path.join(where, name), folder):
            stat.S_IMODE(os.lstat(os.path.join(where, name)).st_mode)
            for where, folders, files in os.walk(folder) for name in [*folders, *files]}


class Files(World):
    """What it writes, and where."""

    def setUp(self):
        super().setUp()
        self.make_folder()

    def work(self, hub):
        """All that writes something."""
        hub.wait_connected()
        self.send(1, 2, 3)
        hub.wait_messages(3)
        self.assertEqual(hub.ask("export").code, 0)
        self.assertEqual(hub.ask("reload").code, 0)
        self.assertEqual(hub.ask("backup", self.data + "/copy").code, 0)
        self.assertEqual(hub.ask("audit").code, 0)

    def judge_modes(self):
        found = modes(self.data)
        exported = {path for path in found if path.split("/")[0] == "export"}
        for path in exported:
            folder = os.path.isdir(f"{self.data}/{path}")
            self.assertEqual(found[path], 0o755 if folder else 0o644, path)
        self.assertTrue(any(path.endswith(".csv") for path in exported))
        for path in found.keys() - exported:
            folder = os.path.isdir(f"{self.data}/{path}")
            self.assertEqual(found[path], 0o700 if folder else 0o600, path)
        self.assertLessEqual({"hub.db", "inbox.db", "outbox.db", "hub.db-wal", "hub.sock", "hub.lock",
                              "accepted.json", "copy/hub.db"}, found.keys())
        self.assertEqual(stat.S_IMODE(os.stat(self.data).st_mode), 0o711)

    def test_modes_do_not_depend_on_the_umask(self):
        for umask in (0, 0o22, 0o77):
            shutil.rmtree(self.data, ignore_errors=True)
            before = os.umask(umask)
            try:
                hub = self.start()
            finally:
                os.umask(before)
            self.work(hub)
            self.judge_modes()
            self.assertEqual(hub.stop(), 0)
            with brokers.Broker(port=None):  # its session goes with the old broker's
                self.broker.kill()
                self.broker.start()

    def test_it_runs_where_only_its_data_folder_can_be_written(self):
        """As the unit has it: a user without rights, all else read-only, the home and
        the folder for temporary files too."""
        os.mkdir(self.data)
        os.chmod(self.root, 0o755)
        prefix = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"]
        if os.geteuid() == 0:
            os.chown(self.data, 64123, 64123)
            prefix += [*USER, "--no-new-privs"]
        else:
            prefix.insert(1, "--map-root-user")
        probe = subprocess.run([*prefix, "true"], check=False, stderr=subprocess.DEVNULL,
                               env=environment(DATA=self.data))
        if probe.returncode != 0:
            skip(self, "no name space of its own can be made here")
        hub = Hub(self.folder.path, self.data, prefix=prefix, DATA=self.data, HOME="/nonexistent")
        self.addCleanup(hub.__exit__)
        self.work(hub)
        self.assertEqual(hub.stop(), 0, hub.log)


class Portal(BaseHTTPRequestHandler):
    """Refuses, and says what it was sent."""
    protocol_version = "HTTP/1.1"
    seen = []

    def answer(self):
        self.seen.append(self.headers.get("Authorization", ""))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"success": False, "error": {
            "__type": "Authorization Error",
            "message": "no right for " + self.headers.get("Authorization", "")}}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # pylint: disable=invalid-name

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Secrets(World):
    """Passwords, tokens and keys are in no output, no file that it writes, and no core."""
    PASSWORD, TOKEN = "Wakenitz-fliesst-still", "eyJrb2dnZSI6InRva2VuIn0.Zm9yLXRlc3Rz"

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.root + "/authority")
        passwords = self.root + "/passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "hub", self.PASSWORD], check=True)
        self.broker.close()
        self.broker = self.enterContext(brokers.Broker(
            f"allow_anonymous false\npassword_file {passwords}\n", tls=self.authority,
            client_certificates=False))
        self.portal = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
        self.addCleanup(self.portal.server_close)
        self.addCleanup(self.portal.shutdown)
        threading.Thread(target=self.portal.serve_forever, daemon=True).start()
        certificate, self.key = self.authority.issue("hub")
        self.put("pass", self.PASSWORD + "\n")
        self.put("token", self.TOKEN + "\n")
        self.make_folder([{"target": "portal", "kind": "ckan", "organisation": {"id": "o", "title": "O"},
                           "url": f"http://127.0.0.1:{self.portal.server_port}",
                           "token_file": self.root + "/token"}],
                         user="hub", password_file=self.root + "/pass",
                         ca_file=self.authority.certificate, certificate_file=certificate,
                         key_file=self.key)
        hub = self.folder.hub
        hub["sources"][0]["broker"] = f"mqtts://localhost:{self.broker.port}"
        self.folder.put("hub.json", hub)

    def put(self, name, text):
        with open(f"{self.root}/{name}", "w", encoding="ascii") as file:
            file.write(text)

    def secrets(self):
        """Also as they travel."""
        with open(self.key, encoding="ascii") as file:
            key = file.read().split("\n")[1]
        plain = [self.PASSWORD, self.TOKEN, key, "wrong-" + self.PASSWORD]
        return [form for text in plain
                for form in (text.encode(), base64.b64encode(text.encode()).rstrip(b"="))]

    def all_output(self, hub):
        verbs = (["status"], ["status", "--json"], ["check"], ["check", "--explain", "password_file"],
                 ["reload"], ["publish", "--once"], ["export"], ["dump"], ["rejected", "list"],
                 ["rejected", "show", "2"], ["devices"], ["devices", "pending"], ["conflicts"],
                 ["cities"], ["audit"], ["audit", "--json"], ["backup", self.root + "/copy"],
                 ["trace", "kai", "water_temperature", "2026-06-01T12:00:01Z"],
                 ["acl", "--broker", "mosquitto", "--out", self.root + "/acl", "--certificates"])
        for verb in verbs:
            done = hub.ask(*verb)
            self.assertNotEqual(done.code, 2, done.err)
            yield " ".join(verb), (done.out + done.err).encode()

    def test_they_are_shown_nowhere(self):
        self.put("pass", "wrong-" + self.PASSWORD + "\n")
        hub = self.start()
        hub.wait_status(lambda s: s["sources"][0].get("error"))
        self.put("pass", self.PASSWORD + "\n")
        hub.wait_connected()
        with Publisher(self.broker.port, tls=self.broker.client_context(), user="hub",
                       password=self.PASSWORD) as publisher:
            publisher.publish_many([("buoy/b1", message(1)), ("buoy/b1", b"{")])
            publisher.leave()
        hub.wait_messages(2)
        outputs = list(self.all_output(hub))
        self.assertIn(self.TOKEN, Portal.seen[-1])  # it was used,
        self.assertTrue(any(b"no right for" in text for _, text in outputs), outputs)
        for name in ("cmdline", *(["environ"] if os.geteuid() == 0 else [])):
            with open(f"/proc/{hub.process.pid}/{name}", "rb") as file:
                outputs.append((name, file.read()))
        self.assertEqual(hub.stop(), 0)
        outputs.append(("log", "\n".join(hub.log).encode()))
        for folder in (self.data, self.root + "/copy", self.root + "/acl"):
            for path in (p for p in glob.glob(folder + "/**", recursive=True) if os.path.isfile(p)):
                with open(path, "rb") as file:
                    outputs.append((path, file.read()))
        self.assertGreater(len(outputs), 25)
        for name, text in outputs:  # and not shown
            for secret in self.secrets():
                self.assertNotIn(secret, text, name)

    def test_a_crash_leaves_no_core(self):
        before = resource.getrlimit(resource.RLIMIT_CORE)
        where = os.getcwd()
        os.chdir(self.root)
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
            hub = self.start()
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, before)
            os.chdir(where)
        hub.wait_connected()
        with open(f"/proc/{hub.process.pid}/limits", encoding="ascii") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        hub.process.send_signal(signal.SIGQUIT)
        self.assertEqual(hub.process.wait(PATIENCE_S), -signal.SIGQUIT)
        self.assertEqual(glob.glob(self.root + "/core*"), [])

    def test_nobody_of_its_user_looks_into_it(self):
        with open(PROGRAM, "rb") as file:
            if b"__asan_init" in file.read():
                skip(self, "the address sanitizer looks into the program itself")
        user = USER if os.geteuid() == 0 else []
        if user:
            os.mkdir(self.data)
            os.chown(self.data, 64123, 64123)
            os.chmod(self.root, 0o755)
        with subprocess.Popen([*user, "sleep", "100"]) as other:
            await_true(lambda: self.is_read(user, other))  # what one may do elsewhere
            other.kill()
        hub = Hub(self.folder.path, self.data, prefix=user)
        self.addCleanup(hub.__exit__)
        self.assertFalse(self.is_read(user, hub.process))

    def is_read(self, user, process):
        done = subprocess.run([*user, "head", "-c", "1", f"/proc/{process.pid}/environ"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.stdout != b""


class Tunnel(World):
    """The gates listen on the loopback: whoever else of this machine comes is turned away."""

    def ports(self, hub):
        """Ports of 127.0.0.1 that the hub listens at."""
        sockets = set()
        for path in glob.glob(f"/proc/{hub.process.pid}/fd/*"):
            try:
                sockets.add(os.readlink(path))
            except OSError:
                pass  # closed meanwhile
        with open("/proc/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        return [int(row[1].split(":")[1], 16) for row in rows
                if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]

    def knock(self, port, request):
        """What comes back until it is closed, or for a moment."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as s:
            s.settimeout(1)
            got = b""
            try:
                s.sendall(request)
                while chunk := s.recv(4096):
                    got += chunk
            except (TimeoutError, ConnectionError):
                pass
            return got

    def test_another_process_gets_nowhere(self):
        if os.geteuid() != 0:
            skip(self, "only root sees which ports are the hub's")
        self.make_folder()
        hub = self.start()
        hub.wait_connected()
        connect = bytes([0x10, 15, 0, 4, *b"MQTT", 4, 2, 0, 60, 0, 3, *b"spy"])
        wrong = base64.b64encode(b"hub:" + b"0" * 32)
        ports = self.ports(hub)
        self.assertEqual(len(ports), 2)  # the source's gate, and paho's pulse
        for port in ports:
            for head in (b"", b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % self.broker.port,
                         b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nProxy-authorization: Basic %s\r\n\r\n"
                         % (self.broker.port, wrong)):
                self.assertNotIn(b"\x20\x02", self.knock(port, head + connect))
        self.assertNotIn("spy", self.broker.read_log())
        self.send(1)
        hub.wait_messages(1)
        self.assertTrue(hub.status()["sources"][0]["connected"])
        # while no client of its own is there either: the broker comes, and the spy is first
        self.broker.stop()
        hub.wait_status(lambda s: not s["sources"][0]["connected"])
        spies = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for port in ports]
        for s in spies:
            s.sendall(connect)
        self.broker.start()
        hub.wait_connected()
        for s in spies:
            s.close()
        self.assertNotIn("spy", self.broker.read_log())
        self.send(2)
        hub.wait_messages(2)


if __name__ == "__main__":
    if not brokers.PROGRAM:
        print("SKIP test_process: no mosquitto")
        sys.exit(77)
    unittest.main()
