# SPDX-License-Identifier: EUPL-1.2
"""The publisher against a real CKAN with real Solr and PostgreSQL."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.environ.get("KOGGE_ROOT", os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.environ.get("KOGGE_BIN", os.path.join(ROOT, "build", "dev"))
sys.path.insert(0, os.path.join(ROOT, "tests", "support", "ckan"))
sys.path.insert(1, os.path.join(ROOT, "tests", "support"))
import portal as ckan  # noqa: E402
from broker import Broker  # noqa: E402
from mqtt_send import Publisher  # noqa: E402

TOOL = os.path.join(BIN, "tests", "publish_tool")
HOUR = 3600
DAY = 24 * HOUR


class Publish(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.portal = ckan.Portal()
        cls.addClassCleanup(cls.portal.wipe)
        cls.portal.up()
        cls.proxy = ckan.Proxy(cls.portal.url)
        cls.addClassCleanup(cls.proxy.close)

    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="kogge-publish-")
        self.addCleanup(shutil.rmtree, self.data)
        self.dataset = self.id().rsplit(".", 1)[1].replace("_", "-")
        self.proxy.on_request = None
        self.proxy.take_log()

    def run_tool(self, **arguments):
        """One round: the push of the first dataset and target, the files, the counts."""
        given = {"dataset": self.dataset, "url": self.proxy.url, "days": 31,
                 "token_file": self.portal.env["CKAN_TOKEN_FILE"], **arguments}
        done = subprocess.run([TOOL, self.data, *(f"{k}={v}" for k, v in given.items())],
                              check=True, stdout=subprocess.PIPE, timeout=300)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        pushes = {(p["dataset"], p["target"]): p for p in lines if p["what"] == "push"}
        files = {os.path.basename(f["path"]): f for f in lines if f["what"] == "file"}
        return pushes.get((self.dataset, "portal")), files, lines[-1], pushes

    def push(self, state="done", **arguments):
        push, _, _, _ = self.run_tool(**arguments)
        self.assertIsNotNone(push, "nothing was pushed")
        self.assertEqual(push["state"], state, push["sentence"])
        return push

    def show(self):
        return self.portal.action("package_show", id=self.dataset)

    def resources(self):
        return {r["name"]: r for r in self.show()["resources"]}

    def file(self, *parts):
        with open(os.path.join(self.data, "export", self.dataset, *parts), "rb") as file:
            return file.read()

    def assert_portal_serves_our_files(self, *expected):
        package = self.show()
        names = [r["name"] for r in package["resources"]]
        self.assertEqual(sorted(names), sorted(f"{self.dataset}-{n}.csv" for n in expected))
        for resource in package["resources"]:
            folder = [] if "-current" in resource["name"] else ["2026"]
            ours = self.file(*folder, resource["name"])
            self.assertEqual(self.portal.download(resource), ours, resource["name"])
            self.assertEqual(resource["hash"], hashlib.sha256(ours).hexdigest())
            self.assertEqual(resource["size"], len(ours))
            self.assertTrue(resource["url"].endswith("/" + resource["name"]))

    def writes(self):
        return [entry for entry in self.proxy.take_log() if entry[0] != "GET"]

    def test_create(self):
        self.push()
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")
        package = self.show()
        self.assertEqual(package["title"], "Wasserdaten der Hansestädte")
        self.assertIn("Readings at the water.", package["notes"])
        self.assertEqual(package["organization"]["name"], "hanse")
        self.assertEqual(package["organization"]["title"], "Hansestädte")
        self.assertEqual(package["license_id"], "dl-de-zero-2.0")
        self.assertEqual({t["name"] for t in package["tags"]}, {"Wasserstand", "Pegel"})
        extras = {e["key"]: e["value"] for e in package["extras"]}
        self.assertEqual(extras["temporal_start"], "2026-10-21")
        self.assertEqual(extras["temporal_end"], "2026-11-20")
        self.assertTrue(extras["frequency"].endswith("/frequency/10MIN"))
        box = json.loads(extras["spatial_bbox"])
        self.assertEqual(box["coordinates"][0][0], [10.703, 53.893])
        self.assertEqual(box["coordinates"][0][2], [11.458, 53.904])
        for resource in package["resources"]:
            self.assertEqual(resource["format"], "CSV")
            self.assertEqual(resource["mimetype"], "text/csv")
            self.assertTrue(resource["license"].endswith("/licenses/dl-zero-de/2.0"))
            self.assertNotIn(b"demo-", self.portal.download(resource))

    def test_an_unchanged_second_run_sends_nothing(self):
        self.push()
        before = self.show()
        self.proxy.take_log()
        push, files, end, _ = self.run_tool()
        self.assertIsNone(push)
        self.assertEqual(files, {})
        self.assertEqual(end["current"], 1)
        self.assertEqual(self.proxy.take_log(), [])
        self.push(now_s=DAY + HOUR)  # looked at once a day, not written
        self.assertEqual(self.writes(), [])
        os.remove(os.path.join(self.data, "outbox.db"))
        push = self.push()  # all known again from the portal, by downloading
        self.assertEqual(push["uploads"], 0)
        self.assertEqual(self.writes(), [])
        self.assertEqual(self.show(), before)

    def test_a_changed_file_alone_is_sent(self):
        self.push()
        before = self.resources()
        push = self.push(changed_day=2)
        self.assertEqual(push["uploads"], 2)
        after = self.resources()
        for name, changed in (("2026-10", False), ("2026-11", True), ("current", True)):
            old, new = (r[f"{self.dataset}-{name}.csv"] for r in (before, after))
            self.assertEqual((old["id"], old["url"]), (new["id"], new["url"]))
            self.assertEqual(old["hash"] != new["hash"], changed, name)
            self.assertEqual(new["license"], old["license"])
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")

    def test_a_month_above_the_limit_goes_up_in_pieces(self):
        self.push()
        self.push(max_mb=1)
        # November has 1.2 MB, of which Lübeck 0.8; the 31 days of `current` have 1.8 MB.
        self.assert_portal_serves_our_files(
            "2026-10", "2026-11-luebeck", "2026-11-wismar", "current-wismar",
            "current-luebeck-water_level", "current-luebeck-water_temperature")
        whole = self.file("2026", f"{self.dataset}-2026-11.csv").splitlines()
        pieces = [self.file("2026", f"{self.dataset}-2026-11-{city}.csv").splitlines()
                  for city in ("luebeck", "wismar")]
        self.assertEqual(whole, [whole[0]] + pieces[0][1:] + pieces[1][1:])
        self.push(max_mb=10)
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")
        self.assertEqual(sorted(os.listdir(os.path.join(
            self.data, "export", self.dataset, "2026"))),
            [f"{self.dataset}-2026-1{n}.csv" for n in (0, 1)])

    def test_ckan_is_killed_during_an_upload(self):
        def kill(action, send_half):
            if action != "resource_create":
                return None
            send_half()
            self.proxy.on_request = None
            self.portal.stop("ckan")
            return "drop"

        self.proxy.on_request = kill
        push = self.push("failed")
        self.assertEqual(push["attempts"], 1)
        self.proxy.take_log()
        push, _, end, _ = self.run_tool()
        self.assertIsNone(push, "tried again before its time")
        self.assertEqual(self.proxy.take_log(), [])
        push = self.push("failed", now_s=HOUR)
        self.assertEqual(push["attempts"], 2)
        self.portal.start("ckan")
        push = self.push("done", now_s=3 * HOUR)
        self.assertEqual(push["sentence"], "")
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")

    def test_a_lost_answer_is_read_back(self):
        def lose(action, _):
            if action != "resource_create":
                return None
            self.proxy.on_request = None
            return "lose"

        self.proxy.on_request = lose
        self.push("failed")  # the first file is there, the others are for the next round
        self.assertEqual(len(self.resources()), 1)
        self.push("done", now_s=HOUR)
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")
        self.proxy.on_request = lose
        lost = []

        def lose_last(action, _):
            lost.append(action)
            return "lose" if lost.count("resource_patch") == 2 and \
                action == "resource_patch" else None

        self.proxy.on_request = lose_last
        self.push("done", changed_day=2, now_s=2 * HOUR)
        self.assertEqual(lost.count("resource_patch"), 2)
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")

    def test_a_wrong_token_stops_no_other_portal(self):
        token = os.path.join(self.data, "token")
        with open(token, "w") as file:
            file.write("no-token-77\n")
        arguments = {"token_file": token, "url2": self.portal.url,
                     "token_file2": self.portal.env["CKAN_TOKEN_FILE"]}
        push, _, end, pushes = self.run_tool(**arguments)
        self.assertEqual(push["state"], "parked")
        self.assertIn("does the token have the right?", push["sentence"])
        self.assertIn("403", push["sentence"])
        self.assertNotIn("no-token-77", push["sentence"])
        self.assertEqual(pushes[(self.dataset, "second")]["state"], "done")
        self.assertEqual((end["pushed"], end["parked"]), (1, 1))
        self.proxy.take_log()
        push, _, end, _ = self.run_tool(**arguments, changed_day=2, now_s=HOUR)
        self.assertIsNone(push, "new data do not mend a token")
        self.assertEqual(self.proxy.take_log(), [])
        shutil.copy(self.portal.env["CKAN_TOKEN_FILE"], token)
        self.push(**arguments, now_s=HOUR)
        os.remove(token)
        push = self.push("parked", **arguments, now_s=2 * HOUR)
        self.assertIn("cannot be read", push["sentence"])

    def test_a_file_too_large_for_the_portal(self):
        self.portal.stop("ckan")
        self.portal.start("ckan", "ckan.max_resource_size = 1")
        try:
            push = self.push("parked")
            self.assertIn(f"{self.dataset}-2026-11.csv has 1.1", push["sentence"])
            self.assertIn("set max_file_mb lower", push["sentence"])
            self.assertEqual(list(self.resources()), [f"{self.dataset}-2026-10.csv"])
            self.push(max_mb=1)
            self.assertEqual(len(self.resources()), 6)
            push = self.push("parked", max_mb=0.5)
            self.assertIn("cannot be split further", push["sentence"])
            push = self.push(max_mb=0.5, base_url="https://data.example.org/files")
            self.assertIn("is a link there", push["sentence"])
            links = {n: r["url"] for n, r in self.resources().items()
                     if r["url_type"] != "upload"}
            self.assertTrue(links)
            for name, url in links.items():
                year = "" if "-current" in name else "2026/"
                self.assertEqual(
                    url, f"https://data.example.org/files/{self.dataset}/{year}{name}")
        finally:
            self.portal.stop("ckan")
            self.portal.start("ckan", "ckan.max_resource_size = 10")

    def test_solr_is_away_and_comes_back(self):
        self.push()
        self.portal.stop("solr")
        try:
            push = self.push("failed", changed_day=2)
            self.assertIn("HTTP 500", push["sentence"])
            self.assertIn(500, [status for _, _, status in self.proxy.take_log()])
            new = self.dataset + "-new"
            push, _, _, pushes = self.run_tool(
                organisation="later", second_dataset=new, dataset=new + "er")
            self.assertEqual(pushes[(new, "portal")]["state"], "failed")
        finally:
            self.portal.start("solr")
        self.push(changed_day=2, now_s=HOUR)
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")
        _, _, _, pushes = self.run_tool(
            organisation="later", second_dataset=new, dataset=new + "er", now_s=HOUR)
        self.assertEqual({p["state"] for p in pushes.values()}, {"done"})

    def test_other_bytes_in_the_portal_are_an_alarm_and_mended(self):
        self.push()
        name = f"{self.dataset}-2026-11.csv"
        resource = self.resources()[name]
        other = os.path.join(self.data, name)
        with open(other, "wb") as file:
            file.write(self.file("2026", name).replace(b"10.01", b"10.02"))
        subprocess.run(["curl", "-sf", "-o", os.devnull, "-H", "Authorization: " +
                        self.portal.token, "-F", "id=" + resource["id"], "-F",
                        "upload=@" + other, self.portal.url +
                        "/api/3/action/resource_patch"], check=True)
        self.assertEqual(self.resources()[name]["hash"], resource["hash"])
        push = self.push(now_s=DAY + HOUR)
        self.assertTrue(push["alarm"])
        self.assertIn("other files", push["sentence"])
        self.assertEqual(push["uploads"], 1)
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")

    def test_a_deleted_dataset_comes_back(self):
        self.push()
        self.portal.action("package_delete", id=self.dataset)
        push = self.push(now_s=DAY + HOUR)
        self.assertTrue(push["alarm"])
        self.assert_portal_serves_our_files("2026-10", "2026-11", "current")

    def test_a_dataset_of_others_is_not_touched(self):
        self.portal.action("organization_create", name="others")
        self.portal.action("package_create", name=self.dataset, owner_org="others",
                           title="Theirs")
        push = self.push("parked")
        self.assertIn('of organisation "others"', push["sentence"])
        self.assertEqual(self.show()["title"], "Theirs")
        self.assertEqual(self.writes(), [])

    def test_what_others_added_stays(self):
        self.push()
        package = self.show()
        self.portal.action(
            "package_patch", id=self.dataset, title="Changed",
            tags=[*({"name": t["name"]} for t in package["tags"]), {"name": "Theirs"}],
            extras=[*package["extras"], {"key": "theirs", "value": "1"}])
        self.portal.action("resource_create", package_id=self.dataset, name="Handbuch",
                           url="https://example.org/handbuch.pdf")
        self.push(now_s=DAY + HOUR)
        package = self.show()
        self.assertEqual(package["title"], "Wasserdaten der Hansestädte")
        self.assertIn("Handbuch", [r["name"] for r in package["resources"]])
        self.portal.action("package_patch", id=self.dataset, notes="")
        self.push(now_s=3 * DAY)
        package = self.show()
        self.assertIn("Theirs", [t["name"] for t in package["tags"]])
        self.assertIn("theirs", [e["key"] for e in package["extras"]])
        self.assertEqual(len(package["resources"]), 4)


def put(folder, name, document):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(document, file)


class WholeWay(unittest.TestCase):
    """Readings over a broker, the hub itself, and what the portal then serves."""

    def setUp(self):
        self.portal = ckan.Portal()
        self.addCleanup(self.portal.wipe)
        self.portal.up()
        self.proxy = ckan.Proxy(self.portal.url)
        self.addCleanup(self.proxy.close)
        self.folder = tempfile.mkdtemp(prefix="kogge-way-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.token = os.path.join(self.folder, "token")
        shutil.copy(self.portal.env["CKAN_TOKEN_FILE"], self.token)
        self.conf = os.path.join(self.folder, "conf")
        self.configure()

    def configure(self):
        put(self.conf, "hub.json", {
            "data": "../data", "publish": {"every_s": 3600},
            "sources": [{"source": "probes", "city": "luebeck",
                         "broker": f"mqtt://127.0.0.1:{self.broker.port}",
                         "client_id": "kogge-way", "subscribe": ["probe/#"],
                         "format": "json", "device": "/id"}],
            "targets": [{"target": "portal", "kind": "ckan", "url": self.proxy.url,
                         "token_file": self.token,
                         "organisation": {"id": "luebeck", "title": "Lübeck"}}]})
        put(self.conf, "devices/way-probe.json", {
            "model": "way-probe", "vendor": "None",
            "title": {"de": "Sonde", "en": "Probe"}, "formats": ["json"],
            "time": {"field": "/time", "form": "rfc3339"},
            "fields": [{"field": "/temp", "parameter": "water_temperature",
                        "unit": "degC"}],
            "ignore": ["/id", "/time"]})
        put(self.conf, "cities/luebeck.json", {
            "city": "luebeck", "title": {"de": "Lübeck", "en": "Lübeck"},
            "key": "010030000000", "state": "SH",
            "publisher": {"name": "Hansestadt Lübeck", "url": "https://luebeck.example"},
            "contact": {"name": "Wasser", "email": "wasser@luebeck.example"},
            "licence": "dl-zero-de/2.0",
            "stations": [{"station": "luebeck-way",
                          "title": {"de": "Weg", "en": "Way"}, "lat": 53.893,
                          "lon": 10.703, "water": "Trave", "water_type": "brackish",
                          "demonstration": False}]})
        put(self.conf, "cities/luebeck/device-p1.json", {
            "device": "p1", "model": "way-probe",
            "at": [{"station": "luebeck-way", "from": "2026-01-01T00:00:00Z",
                    "to": None, "positions": {"main": {"depth_m": 0.8}}}]})
        put(self.conf, "datasets/way.json", {
            "dataset": "way", "title": {"de": "Weg", "en": "Way"},
            "notes": {"de": "Der Weg.", "en": "The way."},
            "parameters": ["water_temperature"], "grid": "raw",
            "licence": "dl-zero-de/2.0", "frequency": "10MIN", "tags": ["Wasser"],
            "targets": ["portal"]})

    def kogge(self, *arguments):
        done = subprocess.run([os.path.join(BIN, "kogge"), *arguments, "--config",
                               self.conf], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, text=True)
        return done.returncode, done.stdout

    def stored(self):
        code, text = self.kogge("dump")
        return len(text.splitlines()) if code == 0 else 0

    def take_in(self, minutes):
        """Runs the hub until it has stored one reading more a minute given."""
        before = self.stored()
        hub = subprocess.Popen([os.path.join(BIN, "kogge"), "run", "--config", self.conf],
                               stderr=subprocess.DEVNULL)
        try:
            self.broker.wait_subscribed("kogge-way")
            sender = Publisher("127.0.0.1", self.broker.port, "probe")
            for minute in minutes:
                sender.publish("probe/p1", json.dumps({
                    "id": "p1", "time": f"2026-10-05T10:{minute:02}:00Z",
                    "temp": 10 + minute / 8}).encode())
            sender.close()
            end = time.monotonic() + 60
            while self.stored() < before + len(minutes):
                self.assertLess(time.monotonic(), end, "the hub stores nothing")
                time.sleep(0.1)
        finally:
            hub.terminate()
            self.assertEqual(hub.wait(30), 0)

    def served(self):
        """What the portal serves, by name; each compared with our file."""
        files = {}
        for resource in self.portal.action("package_show", id="way")["resources"]:
            name = resource["name"]
            folder = "" if "current" in name else "2026"
            with open(os.path.join(self.folder, "data", "export", "way", folder, name),
                      "rb") as file:
                files[name] = file.read()
            self.assertEqual(self.portal.download(resource), files[name])
        return files

    def test_from_the_broker_to_the_portal(self):
        self.take_in(range(0, 30, 10))
        code, text = self.kogge("publish", "--once")
        self.assertEqual(code, 0, text)
        files = self.served()
        self.assertEqual(sorted(files), ["way-2026-10.csv", "way-current.csv"])
        lines = files["way-2026-10.csv"].decode().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[2].startswith(
            "2026-10-05T10:10:00Z,luebeck,luebeck-way,water_temperature,main,measured,"
            "0.8,11.25,degC,,"), lines[2])
        self.assertTrue(lines[2].endswith(",11.25,degC,reading,provisional,"), lines[2])
        self.proxy.take_log()
        code, text = self.kogge("publish", "--once")
        self.assertEqual((code, self.proxy.take_log()), (0, []), text)
        code, text = self.kogge("export")
        self.assertEqual((code, self.served()), (0, files), text)
        with open(self.token, "w") as file:
            file.write("no-token-77\n")
        self.take_in([55])
        code, text = self.kogge("publish", "--once")
        self.assertEqual(code, 3, text)
        self.assertIn("does the token have the right?", text)
        shutil.copy(self.portal.env["CKAN_TOKEN_FILE"], self.token)
        code, text = self.kogge("publish", "--once")
        self.assertEqual(code, 0, text)
        self.assertIn(b"2026-10-05T10:55:00Z", self.served()["way-current.csv"])


if __name__ == "__main__":
    if not os.path.exists("/etc/debian_version"):
        print("SKIP test_ckan: CKAN is installed by Debian's packages, and this is none")
        sys.exit(77)
    unittest.main(verbosity=2)
