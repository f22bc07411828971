# SPDX-License-Identifier: EUPL-1.2
"""The demo's configuration: hub/conf, copied, with our broker, our data folder, our portal."""
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

DATASET = "demo-water"
TARGET = "demo-portal"
NODE_MODEL = "kogge-node"  # the devices that kogge-node can play


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def put(path, document):
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def clean(folder):
    """Removes what an earlier demo left there, and nothing else."""
    for name in ("conf", "data", "log", "broker"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("data", "log", "broker"):
        (folder / name).mkdir(parents=True)


def broker_file(folder, port):
    lines = ["# The demo's broker: loopback only, nothing is dropped.",
             f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence true",
             f"persistence_location {folder / 'broker'}/", "max_queued_messages 0",
             "max_inflight_messages 100", "log_dest stderr", "log_type error", "log_type warning",
             "log_type notice", "log_type information", "log_type subscribe"]
    if os.geteuid() == 0:
        lines.append("user root")
    (folder / "broker.conf").write_text("\n".join(lines) + "\n")


def node_stations(conf, cities):
    """What kogge-node is to simulate: each registered node, where its city says it stands."""
    stations = []
    for city in cities:
        places = {place["station"]: place for place in city["stations"]}
        for path in sorted((conf / "cities" / city["city"]).glob("device-*.json")):
            device = read(path)
            if device["model"] == NODE_MODEL:
                stations.append(simulated(city["city"], device, places[device["at"][-1]["station"]], len(stations)))
    return stations


def simulated(city, device, place, number):
    mounting = device["at"][-1]["mounting"]
    station = {
        "city": city, "device": device["device"], "seed": 1250 + number,
        "kind": {"lake": "lake", "river": "river"}.get(place["water_type"], "coast"),
        "sensor_height_m": float(mounting.get("height_m_nhn", mounting.get("height_m_gauge"))),
        "mean_level_m": float(place["reference_level"][-1]["value_m"]),
    }
    if place.get("density_kg_m3", 1000) > 1000:  # about 0.77 kg/m3 for each PSU
        station["salinity_psu"] = round((place["density_kg_m3"] - 1000) / 0.77, 1)
    return station


def add_portal(conf, hub, portal):
    """The demonstration's dataset, and only that one, goes to the portal."""
    for path in (conf / "datasets").glob("*.json"):
        dataset = read(path)
        dataset["targets"] = [TARGET] if dataset["dataset"] == DATASET else []
        put(path, dataset)
    # Relative names of secrets start at the configuration's folder.
    token = conf / "portal.token"
    token.touch(mode=0o600)
    token.write_text(portal.token + "\n")
    hub["targets"] = [{
        "target": TARGET, "kind": "ckan", "url": portal.url, "token_file": token.name,
        "organisation": {"id": "kogge-demo", "title": "Kogge demonstration"}, "demonstration": True}]


def write(shipped, folder, port, portal):
    """Returns folder, cities {id: title}, sources (client ids), stations, dataset."""
    conf = folder / "conf"
    shutil.copytree(shipped, conf)
    hub = read(conf / "hub.json")
    hub["data"] = str(Path("..") / "data")
    hub["publish"] = {**hub.get("publish", {}), "every_s": 5}
    for source in hub["sources"]:
        source["broker"] = f"mqtt://127.0.0.1:{port}"
    hub["targets"] = []
    if portal:
        add_portal(conf, hub, portal)
    put(conf / "hub.json", hub)
    broker_file(folder, port)
    cities = [read(path) for path in sorted((conf / "cities").glob("*.json"))]
    stations = node_stations(conf, cities)
    put(folder / "stations.json", stations)
    return SimpleNamespace(folder=conf, dataset=DATASET, stations=stations,
                           sources=[source["client_id"] for source in hub["sources"]],
                           cities={city["city"]: city["title"]["de"] for city in cities})
