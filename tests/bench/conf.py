# SPDX-License-Identifier: EUPL-1.2
"""The configuration that the benches share: 2,500 devices with 4 fields, so 10,000 series."""
import json
from pathlib import Path

CITIES = ("luebeck", "kiel", "wismar", "rostock", "schwerin", "stralsund", "neubrandenburg")
DEVICES = 2500
FIELDS = (("temperature", "water_temperature", "degC"), ("conductivity", "conductivity_raw", "mS/cm"),
          ("level", "water_level", "m"), ("oxygen", "oxygen", "mg/L"))
SINCE = "2020-01-01T00:00:00Z"


def put(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def title(text):
    return {"de": text, "en": text}


def station(city, number):
    return {"station": f"{city}-s{number:04}", "title": title(f"{city} {number}"), "lat": 53.9, "lon": 10.7,
            "water": "Bench", "water_type": "brackish", "demonstration": False, "density_kg_m3": 1008,
            "reference_level": [{"value_m": 0.02, "datum": "NHN", "from": SINCE, "source": "bench"}],
            "position_source": "bench", "position_verified": False}


def city(number, name):
    places = [station(name, n) for n in range(number, DEVICES, len(CITIES))]
    return {"city": name, "title": title(name), "key": f"{number + 1:012}", "state": "MV",
            "publisher": {"name": name, "url": "https://bench.example"},
            "contact": {"name": name, "email": "bench@bench.example"},
            "licence": "dl-zero-de/2.0", "stations": places}


def device(number):
    name = CITIES[number % len(CITIES)]
    return name, {"device": f"10e2073a0108{number:04x}", "model": "bench-water",
                  "at": [{"station": f"{name}-s{number:04}", "from": SINCE, "to": None,
                          "positions": {"main": {"depth_m": 0.8}}, "interval_s": 600}]}


def model():
    return {"model": "bench-water", "vendor": "Bench", "title": title("Bench"), "formats": ["json", "ttn"],
            "time": {"field": "/time", "form": "rfc3339"},
            "fields": [{"field": "/" + f, "parameter": p, "unit": u} for f, p, u in FIELDS]}


def dataset():
    return {"dataset": "bench", "title": title("Bench"), "notes": title("Bench"),
            "parameters": [p for _, p, _ in FIELDS], "grid": "raw", "licence": "dl-zero-de/2.0",
            "frequency": "10MIN", "tags": ["bench"], "targets": [], "demonstration": False}


def write(folder):
    """Everything but hub.json."""
    folder = Path(folder)
    put(folder / "devices" / "bench-water.json", model())
    for number, name in enumerate(CITIES):
        put(folder / "cities" / f"{name}.json", city(number, name))
    for number in range(DEVICES):
        name, document = device(number)
        put(folder / "cities" / name / f"device-{number:04}.json", document)


SOURCES = {"json": {"subscribe": ["city/#"], "format": "json", "device": "/devEui"},
           "ttn": {"subscribe": ["v3/#"], "format": "ttn"}}


def shares(count):
    """Topic filters that share the messages of kind json among so many connections."""
    if count == 1:
        return [["city/#"]]
    return [[f"city/{name}/#" for name in CITIES[number::count]] for number in range(count)]


def write_hub(folder, kind, port, datasets=False, filters=None, client="bench-hub-"):
    """hub.json for messages of that kind. Without datasets nothing is exported meanwhile.
    filters: of each source; client: what its client id begins with."""
    folder = Path(folder)
    sources = [{"source": f"bench-{kind}-{number}", "broker": f"mqtt://127.0.0.1:{port}",
                "client_id": f"{client}{kind}-{number}", **SOURCES[kind], "subscribe": subscribe}
               for number, subscribe in enumerate(filters or [SOURCES[kind]["subscribe"]])]
    put(folder / "hub.json", {"data": "../data", "sources": sources, "targets": []})
    path = folder / "datasets" / "bench.json"
    if datasets:
        put(path, dataset())
    else:
        path.unlink(missing_ok=True)
