# SPDX-License-Identifier: EUPL-1.2
"""As much of CKAN's action API as kogge publish speaks, in a thread. What a request that
broke off was about is not done, as in the real one.

    with FakeCkan() as portal:
        portal.url; portal.away = True
        portal.files("water")     # {name: [bytes of each resource of that name]}
"""
import http.server
import json
import sys
import threading
import urllib.parse
import uuid


class FakeCkan:
    def __init__(self):
        self.packages = {}  # name -> package
        self.uploads = {}   # id of the resource -> bytes
        self.writes = 0
        self.away = False   # answers 503 to all
        self.lock = threading.Lock()
        handler = type("Handler", (Handler,), {"portal": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,),
                                        daemon=True)
        self._thread.start()

    def clear(self):
        with self.lock:
            self.packages.clear()
            self.uploads.clear()

    def files(self, package):
        with self.lock:
            files = {}
            for resource in self.packages[package]["resources"]:
                files.setdefault(resource["name"], []).append(self.uploads[resource["id"]])
            return files

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def package(self, name):
        for package in self.packages.values():
            if name in (package["id"], package["name"]):
                return package
        return None

    def resource(self, name):
        for package in self.packages.values():
            for resource in package["resources"]:
                if resource["id"] == name:
                    return package, resource
        return None, None

    def act(self, action, fields, upload):
        """The result of an action; None: there is no such thing."""
        with self.lock:
            return getattr(self, "do_" + action)(fields, upload)

    def do_organization_show(self, fields, _):
        return {"id": "organisation-1", "name": fields["id"]}

    def do_package_show(self, fields, _):
        return self.package(fields["id"])

    def do_package_create(self, fields, _):
        self.writes += 1
        owner = fields.pop("owner_org")
        package = {**fields, "id": str(uuid.uuid4()), "state": "active", "resources": [],
                   "organization": {"id": "organisation-1", "name": owner}}
        self.packages[package["name"]] = package
        return package

    def do_package_patch(self, fields, _):
        self.writes += 1
        package = self.package(fields.pop("id"))
        package.update(fields)
        return package

    def put(self, resource, fields, upload):
        self.writes += 1
        resource.update(fields, last_modified=f"2026-01-01T00:00:00.{self.writes:06}")
        if upload is not None:
            resource.update(url_type="upload", size=len(upload))
            self.uploads[resource["id"]] = upload
        return resource

    def do_resource_create(self, fields, upload):
        package = self.package(fields.pop("package_id"))
        resource = {"id": str(uuid.uuid4())}
        package["resources"].append(resource)
        return self.put(resource, fields, upload)

    def do_resource_patch(self, fields, upload):
        return self.put(self.resource(fields.pop("id"))[1], fields, upload)

    def do_resource_delete(self, fields, _):
        self.writes += 1
        package, resource = self.resource(fields["id"])
        package["resources"].remove(resource)
        return {}


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that dies is no news here; other faults are said."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    portal = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/dataset/"):
            self.answer(200, self.portal.uploads[url.path.split("/")[4]], "text/csv")
        else:
            self.act(url.path, dict(urllib.parse.parse_qsl(url.query)), None)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        if self.headers.get_content_type() == "multipart/form-data":
            fields, upload = read_form(body, self.headers.get_param("boundary"))
        else:
            fields, upload = json.loads(body), None
        self.act(self.path, fields, upload)

    def act(self, path, fields, upload):
        if self.portal.away:
            self.answer(503, b"later", "text/plain")
            return
        result = self.portal.act(path.rsplit("/", 1)[1], fields, upload)
        if result is None:
            status, answer = 404, {"success": False, "error": {
                "__type": "Not Found Error", "message": "Not found"}}
        else:
            status, answer = 200, {"success": True, "result": result}
        self.answer(status, json.dumps(answer).encode(), "application/json")

    def answer(self, status, body, content_type):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def read_form(body, boundary):
    """(fields, bytes of the file or None)"""
    fields, upload = {}, None
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, content = part[2:-2].split(b"\r\n\r\n", 1)
        name = head.split(b'name="', 1)[1].split(b'"', 1)[0].decode()
        if b"filename=" in head:
            upload = content
        else:
            fields[name] = content.decode()
    return fields, upload
