#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The data that ships in hub/conf: whole, canonical, and true to the reference data."""

import ctypes
import ctypes.util
import glob
import json
import os
import re
import sys
import unittest

ROOT = os.environ.get("KOGGE_ROOT", os.path.join(os.path.dirname(__file__), "..", ".."))
CONF = os.path.join(ROOT, "hub", "conf")
SHARED = os.environ.get("SHARED_DATA", "")

CITIES = {
    "luebeck": "010030000000", "kiel": "010020000000", "rostock": "130030000000",
    "schwerin": "130040000000", "neubrandenburg": "130710107107",
    "stralsund": "130730088088", "wismar": "130740087087",
}
LICENCES = {"dl-by-de/2.0", "dl-zero-de/2.0", "cc-by/4.0", "cc-zero"}

# Which of our models read the payload of which device (vendor, name as the examples say).
MODELS = {
    ("Decentlab", "DL-CTD10"): ["decentlab-dl-ctd10"],
    ("Decentlab", "DL-PHEHT"): ["decentlab-dl-pheht"],
    ("Decentlab", "DL-PR26"): ["decentlab-dl-pr26"],
    ("Decentlab", "DL-MBX"): ["decentlab-dl-mbx"],
    ("Decentlab", "DL-NTU"): ["decentlab-dl-ntu"],
    ("ELSYS", "generic ELSYS codec (ELT with DS18B20)"): ["elsys-elt"],
    ("KELLER", "ADT1"): ["keller-adt1", "keller-adt1-vented"],
    ("Milesight IoT", "EM300-SLD"): ["milesight-em300-sld"],
    ("Milesight IoT", "EM310-UDL"): ["milesight-em310-udl",
                                     "milesight-em310-udl-position"],
    ("Milesight IoT", "EM500-PP"): ["milesight-em500-pp"],
    ("Milesight IoT", "EM500-SWL"): ["milesight-em500-swl"],
    ("Teneo IoT", "Filling degree sensor"): ["teneo-filling-degree"],
    ("Dragino", "LDDS75"): ["dragino-ldds75"],
    ("Ellenex", "PLS2-L v6"): ["ellenex-pls2-l"],
    ("Ellenex", "PTS2-L"): ["ellenex-pts2-l"],
    ("Pepperl+Fuchs", "WILSEN.sonic.level"): ["pepperl-fuchs-wilsen"],
}
SENML_MODELS = {
    "senml-ex01": "rfc8428-thermometer", "senml-ex03": "rfc8428-meter",
    "senml-cbor-ex03": "rfc8428-meter", "senml-ex05": "rfc8428-thermometer",
    "senml-ex06": "rfc8428-room", "senml-ex09": "rfc8428-heater",
    "senml-ex11": "rfc8428-thermometer",
}
# What a raw quantity, in plain words, may become; None: decoded, shown and ignored.
MEANING = {
    "water_level": {"depth"}, "distance": {"distance"}, "pressure": {"pressure", None},
    "pressure_difference": {"pressure", None}, "electrical_conductivity": {"ec25"},
    "turbidity": {"turbidity", "turbidity_ntu"}, "suspended_solids": {"tss"},
    "redox_potential": {None}, "ph_electrode_potential": {None}, "fill_level": {None},
}


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"duplicate key in {keys}")
    return dict(pairs)


def load(*path):
    with open(os.path.join(CONF, *path), encoding="utf-8") as file:
        return json.load(file, object_pairs_hook=unique)


def stems(folder):
    files = sorted(glob.glob(os.path.join(CONF, folder, "*.json")))
    return [os.path.basename(file)[:-5] for file in files]


def shared(*path):
    file = os.path.join(SHARED, *path)
    if not SHARED or not os.path.exists(file):
        raise unittest.SkipTest("no reference data in SHARED_DATA")
    with open(file, encoding="utf-8") as text:
        return json.load(text)


def shortest(value):
    """As hub/base/number.h writes a number."""
    if value == 0:
        return "0"
    if abs(value) < 1e9 and value == int(value):
        return str(int(value))
    texts = [f"{value:.{digits}g}" for digits in (15, 16, 17)]
    return next(text for text in texts if float(text) == value)


def fold(text):
    """The rule by which texts of units are looked up."""
    text = re.sub("[ \t\u00a0\u202f]+", " ", text).strip(" ")
    text = text.replace("\u22c5", ".").replace("\u00b7", ".").replace("\u03bc", "\u00b5")
    high = "⁰¹²³⁴⁵⁶⁷⁸⁹"

    def plain(match):
        digits = "".join(str(high.index(c)) for c in match.group(2))
        return ("-" if match.group(1) else "^") + digits
    return re.sub(f"(⁻?)([{high}]+)", plain, text)


class Units:
    """Alias table, own units, then UDUNITS-2: the way of a unit's text."""

    def __init__(self):
        library = ctypes.util.find_library("udunits2")
        if library is None:
            raise unittest.SkipTest("no libudunits2")
        self.lib = ctypes.CDLL(library)
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        self.lib.ut_set_error_message_handler.argtypes = [pointer]
        self.lib.ut_set_error_message_handler.restype = pointer
        ignore = ctypes.cast(self.lib.ut_ignore, pointer)
        self.lib.ut_set_error_message_handler(ignore)
        self.lib.ut_read_xml.restype = pointer
        self.lib.ut_parse.restype = pointer
        self.lib.ut_parse.argtypes = [pointer, text, ctypes.c_int]
        self.lib.ut_free.argtypes = [pointer]
        self.lib.ut_format.argtypes = [pointer, text, ctypes.c_size_t, ctypes.c_uint]
        self.system = self.lib.ut_read_xml(None)
        units = load("units.json")
        self.aliases = {row["raw"]: row for row in units["aliases"]}
        self.folded = {fold(row["raw"]): row for row in units["aliases"]}
        self.own = set(units["own_units"])

    def parse(self, text):
        """Base units as UDUNITS-2 prints them, or None."""
        unit = self.lib.ut_parse(self.system, text.encode(), 2)
        if not unit:
            return None
        to = ctypes.create_string_buffer(256)
        length = self.lib.ut_format(unit, to, len(to), 2 | 8)
        self.lib.ut_free(unit)
        return to.value.decode() if length > 0 else text

    def resolve(self, text):
        """What text means; None: refused or not known."""
        row = self.aliases.get(text) or self.folded.get(fold(text))
        if row is not None and "refuse" in row:
            return None
        name = fold(row["unit"] if row is not None else text)
        return "own " + name if name in self.own else self.parse(name)


def at(document, pointer):
    """The value at a JSON Pointer; KeyError if there is none."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part) if isinstance(document, list) else part]
    return document


def split_field(model, field):
    """A dotted path of an example: where its record starts, and the model's pointer."""
    field = re.sub(r"^(uplink_message\.decoded_payload|object)\.", "", field)
    records = model.get("records", {}).get("field", "/")[1:]
    match = re.fullmatch(re.escape(records) + r"\[(\d+)\]\.(.*)", field)
    start = ""
    if records and match:
        start, field = f"/{records}/{match.group(1)}", match.group(2)
    return start, "/" + field.replace("~", "~0").replace("/", "~1").replace(".", "/")


def is_sentinel(value, entry):
    for item in entry.get("sentinels", []):
        low, high = item if isinstance(item, list) else (item, item)
        if low <= value <= high:
            return True
    return False


class Canonical(unittest.TestCase):
    def test_numbers_are_short_and_keys_unique(self):
        files = glob.glob(os.path.join(CONF, "**", "*.json"), recursive=True)
        self.assertGreater(len(files), 40)
        for name in files:
            with self.subTest(file=os.path.relpath(name, CONF)):
                with open(name, encoding="utf-8") as file:
                    text = file.read()
                json.loads(text, object_pairs_hook=unique)
                bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
                for number in re.findall(r"-?\d[0-9.eE+-]*", bare):
                    self.assertEqual(number, shortest(float(number)))
                self.assertTrue(text.endswith("}\n"))
                self.assertNotIn("\t", text)

    def test_files_are_named_by_what_they_hold(self):
        for folder, key in (("devices", "model"), ("cities", "city"),
                            ("datasets", "dataset")):
            for stem in stems(folder):
                self.assertEqual(load(folder, stem + ".json")[key], stem)
                self.assertRegex(stem, r"^[a-z0-9-]+$")


class Vocabulary(unittest.TestCase):
    def setUp(self):
        self.ours = {p["id"]: p for p in load("parameters.json")["parameters"]}

    def test_same_terms_and_codes(self):
        theirs = shared("vocabulary", "parameters.json")["parameters"]
        self.assertEqual(sorted(self.ours), sorted(p["id"] for p in theirs))
        for term in theirs:
            ours = self.ours[term["id"]]
            for key in ("unit", "ucum", "kind", "qudt", "cf_standard_name", "nerc_p01",
                        "nerc_p02", "eionet", "physical_range", "typical_coast",
                        "typical_lake"):
                self.assertEqual(ours.get(key), term[key], (term["id"], key))
            self.assertEqual(ours.get("relative_to"), term.get("relative_to"))
            for test, value in (term["qartod_defaults"] or {}).items():
                if test.endswith("_test"):
                    self.assertEqual(ours["tests"][test], value, (term["id"], test))

    def test_every_term_is_complete(self):
        known = Units()
        for name, term in self.ours.items():
            with self.subTest(parameter=name):
                self.assertIn(term["decimals"], range(0, 7))
                self.assertTrue(term["title"]["de"] and term["title"]["en"])
                low, high = term["tests"]["gross_range_test"]["fail_span"]
                self.assertLess(low, high)
                if term["unit"] != "dB":  # equal to itself and to nothing else
                    self.assertIsNotNone(known.resolve(term["unit"]))
                    self.assertEqual(known.resolve(term["ucum"]),
                                     known.resolve(term["unit"]))


class UnitTexts(unittest.TestCase):
    def test_no_two_aliases_fold_to_one(self):
        units = load("units.json")
        rows = units["aliases"]
        folded = [fold(row["raw"]) for row in rows]
        self.assertEqual(len(folded), len(set(folded)))
        self.assertEqual(len(units["own_units"]), len(set(units["own_units"])))
        known = Units()
        for row in rows:
            self.assertEqual(len(row), 2)
            if "unit" in row:
                self.assertIsNotNone(known.resolve(row["raw"]), row)
            else:
                self.assertGreater(len(row["refuse"]), 10)

    def test_each_known_spelling_means_what_it_should(self):
        known = Units()
        for row in shared("units", "aliases.json")["units"]:
            with self.subTest(raw=row["raw"]):
                got = known.resolve(row["raw"])
                if row.get("action") == "reject":
                    self.assertIsNone(got)
                elif row.get("own_unit") or row["canonical"] in known.own:
                    self.assertEqual(got, "own " + row["canonical"])
                else:
                    self.assertIsNotNone(got)
                    self.assertEqual(got, known.parse(row["canonical"]))


class SensorModels(unittest.TestCase):
    def test_every_model_is_sound(self):
        parameters = {p["id"] for p in load("parameters.json")["parameters"]}
        known = Units()
        for stem in stems("devices"):
            model = load("devices", stem + ".json")
            with self.subTest(model=stem):
                series = {}
                for entry in model["fields"]:
                    self.assertTrue(entry["field"].startswith("/"))
                    self.assertFalse("parameter" in entry and "quantity" in entry)
                    self.assertIsNotNone(known.resolve(entry["unit"]))
                    if "parameter" in entry:
                        self.assertIn(entry["parameter"], parameters)
                    if entry.get("quantity") == "pressure":
                        self.assertIn(entry["reference"], ("vented", "absolute"))
                    if "parameter" in entry or "quantity" in entry:
                        key = entry.get("parameter", "level"), entry.get("position")
                        series.setdefault(key, []).append(entry.get("rank"))
                for key, ranks in series.items():
                    if len(ranks) > 1:
                        self.assertNotIn(None, ranks, key)
                        self.assertEqual(len(ranks), len(set(ranks)), key)


class Uplinks(unittest.TestCase):
    def judge(self, known, model, values, reading):
        start, pointer = split_field(model, reading["field"])
        entries = [e for e in model["fields"] if e["field"] == pointer]
        self.assertEqual(len(entries), 1, pointer)
        entry = entries[0]
        self.assertFalse(is_sentinel(float(at(values, start + pointer)), entry), pointer)
        unit = entry["unit"]
        if "unit_field" in entry:
            unit = at(values, start + entry["unit_field"])
            self.assertEqual(known.resolve(unit), known.resolve(entry["unit"]), pointer)
        self.assertEqual(known.resolve(unit), known.resolve(reading["unit"]), pointer)
        may = MEANING.get(reading["parameter"], {reading["parameter"]})
        self.assertIn(entry.get("parameter") or entry.get("quantity"), may, pointer)
        if start:
            self.assertIn("time", model["records"])

    def refuse(self, model, values, reading):
        start, pointer = split_field(model, reading["field"])
        value = at(values, start + pointer)
        entries = [e for e in model["fields"] if e["field"] == pointer]
        self.assertEqual(len(entries), 1, pointer)
        if not isinstance(value, str):
            self.assertTrue(is_sentinel(value, entries[0]), pointer)

    def test_network_servers(self):
        known = Units()
        shared("uplinks", "ttn-docs-mqtt-uplink.json")
        count = 0
        for name in sorted(glob.glob(os.path.join(SHARED, "uplinks", "*.json"))):
            example = shared("uplinks", os.path.basename(name))
            if example["format"] not in ("ttn-v3", "chirpstack-v4"):
                continue
            if not example["expected"] and not example["rejected"]:
                continue
            body = example["payload"]
            values = body.get("object") or body["uplink_message"]["decoded_payload"]
            device = example["device"]["vendor"], example["device"]["model"]
            self.assertIn(device, MODELS)
            for model_name in MODELS[device]:
                with self.subTest(file=os.path.basename(name), model=model_name):
                    model = load("devices", model_name + ".json")
                    for reading in example["expected"]:
                        self.judge(known, model, values, reading)
                    for reading in example["rejected"]:
                        self.refuse(model, values, reading)
            count += 1
        self.assertGreaterEqual(count, 19)

    def test_senml(self):
        known = Units()
        for stem, model_name in SENML_MODELS.items():
            example = shared("uplinks", stem + ".json")
            model = load("devices", model_name + ".json")
            for reading in example["expected"]:
                entries = [e for e in model["fields"] if e["unit"] == reading["unit"]
                           and (e["field"] == "/"
                                or reading["parameter"].endswith(e["field"][1:]))]
                self.assertEqual(len(entries), 1, (stem, reading["parameter"]))
                self.assertIsNotNone(known.resolve(reading["unit"]))


class Cities(unittest.TestCase):
    def test_seven_cities(self):
        stations = {}
        for city, key in CITIES.items():
            with self.subTest(city=city):
                data = load("cities", city + ".json")
                self.assertEqual(data["key"], key)
                self.assertIn(data["licence"], LICENCES)
                self.assertIn("@", data["contact"]["email"])
                for station in data["stations"]:
                    self.station(station)
                    self.assertNotIn(station["station"], stations)
                    stations[station["station"]] = city
                kinds = {s["demonstration"] for s in data["stations"]}
                self.assertEqual(kinds, {True, False})
        self.devices(stations)

    def station(self, station):
        demo = station["station"].startswith("demo-")
        self.assertEqual(station["demonstration"], demo)
        self.assertTrue(53 < station["lat"] < 55 and 9.5 < station["lon"] < 14)
        for zero in station.get("gauge_zero", []):
            self.assertFalse(zero["verified"])  # nominal, all of them
            self.assertTrue(zero["source"] and zero["datum"])
        for level in station.get("reference_level", []):
            self.assertIn(level["datum"], ("NHN", "gauge zero"))
            self.assertTrue(level["source"])
        if demo:
            self.assertIn("Demonstration", station["note"])

    def devices(self, stations):
        """Ours are demonstrations; each city has a node for water quality."""
        models = stems("devices")
        nodes = set()
        ids = []
        for name in glob.glob(os.path.join(CONF, "cities", "*", "device-*.json")):
            city = os.path.basename(os.path.dirname(name))
            device = load("cities", city, os.path.basename(name))
            ids.append(device["device"])
            self.assertEqual(os.path.basename(name), f"device-{device['device']}.json")
            self.assertIn(device["model"], models)
            for place in device["at"]:
                self.assertEqual(stations[place["station"]], city)
                self.assertTrue(place["station"].startswith("demo-"))
            if device["model"] == "kogge-node":
                nodes.add(city)
        self.assertEqual(nodes, set(CITIES))
        self.assertEqual(len(ids), len(set(ids)))

    def test_gauges_agree_with_their_sources(self):
        listed = {s["uuid"]: s for s in
                  shared("uplinks", "pegelonline-stations-cities.json")["payload"]}
        found = 0
        for city in CITIES:
            for station in load("cities", city + ".json")["stations"]:
                uuid = station.get("gauge", {}).get("uuid")
                if uuid is None:
                    continue
                found += 1
                self.assertAlmostEqual(station["lat"], listed[uuid]["latitude"], 4)
                self.assertAlmostEqual(station["lon"], listed[uuid]["longitude"], 4)
                if station["gauge"]["verified"]:
                    self.assertEqual(station["gauge"]["number"], listed[uuid]["number"])
        self.assertEqual(found, len(listed) - 1)  # one gauge lies in another city


class Datasets(unittest.TestCase):
    def test_they_name_what_there_is(self):
        parameters = {p["id"]: p["kind"] for p in load("parameters.json")["parameters"]}
        hub = load("hub.json")
        targets = {t["target"] for t in hub["targets"]}
        for stem in stems("datasets"):
            data = load("datasets", stem + ".json")
            kinds = {parameters.get(name) for name in data["parameters"]}
            self.assertTrue(kinds <= {"water", "weather"}, stem)
            self.assertTrue(set(data.get("cities", CITIES)) <= set(CITIES))
            self.assertTrue(set(data["targets"]) <= targets)
            self.assertIn(data["licence"], LICENCES)
        self.assertTrue(load("datasets", "demo-water.json")["demonstration"])

    def test_every_city_has_a_source(self):
        sources = load("hub.json")["sources"]
        clients = [source["client_id"] for source in sources]
        self.assertEqual(len(clients), len(set(clients)))
        cities = {source.get("city") for source in sources}
        self.assertEqual(cities - {None}, set(CITIES))


if __name__ == "__main__":
    run = unittest.main(exit=False)
    if not run.result.wasSuccessful():
        sys.exit(1)
    if run.result.skipped:
        print(f"SKIP test_conf_data: {run.result.skipped[0][1]}")
        sys.exit(77)
