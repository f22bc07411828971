# SPDX-License-Identifier: EUPL-1.2
"""A real CKAN for the demo, and what it serves."""
import json
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from demo_process import Fault


class Portal:
    def __init__(self, scripts, processes):
        self.scripts, self.processes = scripts, processes
        # Not below the checkout: PostgreSQL's own user must reach it.
        self.state = Path(tempfile.mkdtemp(prefix="kogge-portal-"))
        self.state.chmod(0o755)
        self.url = self.token = None

    def start(self):
        self.script(900, "install.sh")
        self.script(180, "portal.sh", "up", self.state)
        found = {}
        for line in (self.state / "env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            found[name] = value.strip("'\"")
        self.url = found["CKAN_URL"].rstrip("/")
        self.token = found.get("CKAN_TOKEN") or Path(found["CKAN_TOKEN_FILE"]).read_text().strip()
        self.get("/api/3/action/status_show")

    def stop(self):
        try:
            self.script(60, "portal.sh", "wipe", self.state)
        except Fault as fault:
            print(f"demo: the portal could not be stopped: {fault}; its processes: {self.state}/run", flush=True)

    def script(self, timeout_s, name, *words):
        code, said = self.processes.call(["bash", self.scripts / name, *words], timeout_s)
        if code != 0:
            last = said.strip().splitlines()[-3:]
            raise Fault(f"{name} ended with {code}: {' / '.join(last) or 'it said nothing'}")

    def get(self, path):
        request = urllib.request.Request(path if "://" in path else self.url + path,
                                         headers={"Authorization": self.token})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def resources(self, dataset):
        """Of the dataset in the portal; None: it is not there."""
        try:
            answer = json.loads(self.get(f"/api/3/action/package_show?id={dataset}"))
        except (urllib.error.URLError, ValueError, TimeoutError):
            return None
        return answer["result"]["resources"]

    def wait_for_dataset(self, dataset, processes, timeout_s=45):
        """Its address once it has a file; None: it has none in time."""
        until = time.monotonic() + timeout_s
        while not self.resources(dataset):
            if time.monotonic() > until:
                return None
            processes.check()
            processes.wait(1)
        return f"{self.url}/dataset/{dataset}"

    def compare(self, dataset, file, processes, timeout_s=60):
        """None if the portal serves the file's bytes, else a sentence."""
        until = time.monotonic() + timeout_s
        while True:
            fault = self.difference(dataset, file)
            if fault is None or time.monotonic() > until:
                return fault
            processes.check()
            processes.wait(1)

    def difference(self, dataset, file):
        resources = self.resources(dataset)
        if not resources:
            return f"it has no dataset {dataset} with files"
        for resource in resources:
            if resource["url"].endswith("/" + file.name):
                try:
                    served = self.get(resource["url"])
                except (urllib.error.URLError, TimeoutError) as fault:
                    return f"{resource['url']}: {fault}"
                if served == file.read_bytes():
                    return None
                return f"{resource['url']} has {len(served):,} bytes, {file} has {file.stat().st_size:,}, and they differ"
        return f"none of its {len(resources)} files is {file.name}"
