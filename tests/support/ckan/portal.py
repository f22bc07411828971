# SPDX-License-Identifier: EUPL-1.2
"""A real CKAN for a test, and a proxy before it that counts and breaks requests."""
import http.client
import http.server
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))


class Portal:
    """PostgreSQL, Redis, Solr and CKAN in a folder of their own; up() to wipe()."""

    def __init__(self):
        self.state = tempfile.mkdtemp(prefix="kogge-ckan-")
        self.env = {}

    def _script(self, *arguments, lines=""):
        subprocess.run(
            [os.path.join(HERE, "portal.sh"), arguments[0], self.state, *arguments[1:]],
            check=True, stdout=subprocess.DEVNULL,
            env={**os.environ, "CKAN_INI_LINES": lines})

    def up(self):
        subprocess.run([os.path.join(HERE, "install.sh")], check=True)
        self._script("up")
        with open(os.path.join(self.state, "env")) as file:
            self.env = dict(line.strip().split("=", 1) for line in file)
        with open(self.env["CKAN_TOKEN_FILE"]) as file:
            self.token = file.read().strip()
        self.url = self.env["CKAN_URL"]

    def wipe(self):
        self._script("wipe")
        shutil.rmtree(self.state, ignore_errors=True)

    def stop(self, name):
        """At once, as by a crash."""
        self._script("stop", name)

    def start(self, name, lines=""):
        self._script("start", name, lines=lines)

    def action(self, action, /, **arguments):
        """The result of an action; raises urllib.error.HTTPError."""
        request = urllib.request.Request(
            f"{self.url}/api/3/action/{action}", json.dumps(arguments).encode(),
            {"Content-Type": "application/json", "Authorization": self.token})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]

    def download(self, resource):
        with urllib.request.urlopen(resource["url"], timeout=60) as answer:
            return answer.read()


class Proxy:
    """Passes requests on and writes them down as (method, action or path, status).

    on_request(action, send_half): called before a request is passed on; may give
    "drop" (no answer, request not sent), "lose" (sent, the answer is thrown away) or
    None. send_half() sends the first half of the body.
    """

    def __init__(self, url):
        self.target = urllib.parse.urlsplit(url)
        self.log = []
        self.on_request = None
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                proxy.handle(self)

            do_GET = do_POST = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take_log(self):
        log, self.log = self.log, []
        return log

    def _cut(self, handler):
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def handle(self, handler):
        action = urllib.parse.urlsplit(handler.path).path.replace("/api/3/action/", "")
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        away = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=60)

        def send(size):
            away.putrequest(handler.command, handler.path, skip_host=True)
            for key, value in handler.headers.items():
                away.putheader(key, value)
            away.endheaders()
            away.send(body[:size])

        verdict = None
        if self.on_request is not None:
            verdict = self.on_request(action, lambda: send(len(body) // 2))
        if verdict == "drop":
            self.log.append((handler.command, action, 0))
            away.close()
            return self._cut(handler)
        try:
            send(len(body))
            answer = away.getresponse()
            content = answer.read()
        except OSError:
            self.log.append((handler.command, action, 0))
            return self._cut(handler)
        self.log.append((handler.command, action, answer.status))
        if verdict == "lose":
            return self._cut(handler)
        handler.send_response(answer.status)
        for key in ("Content-Type", "Location"):
            if answer.getheader(key):
                handler.send_header(key, answer.getheader(key))
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
