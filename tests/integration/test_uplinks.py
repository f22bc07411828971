#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Real messages of real sensors through the shipped sensor models: every expected reading,
none of the rejected ones. Messages and what they say stand in SHARED_DATA/uplinks, and
only there; here stands which model reads which message."""
import base64
import glob
import json
import os
import re
import sys
import unittest

from kogge import SHIPPED, Folder, kogge, lines, temporary

UPLINKS = os.path.join(os.environ.get("SHARED_DATA", ""), "uplinks")
FORMATS = {"ttn-v3": "ttn", "chirpstack-v4": "chirpstack", "senml-json": "senml",
           "senml-cbor": "senml", "plain": "json"}
ARRIVAL = "2026-11-21T00:00:00.000000Z"
MODELS = {
    "chirpstack-decentlab-dl-mbx": "decentlab-dl-mbx",
    "chirpstack-decentlab-dl-ntu": "decentlab-dl-ntu",
    "chirpstack-elsys-external-temperature": "elsys-elt",
    "chirpstack-keller-info": "keller-adt1",
    "chirpstack-milesight-em300-sld-history": "milesight-em300-sld",
    "chirpstack-milesight-em310-udl": "milesight-em310-udl",
    "chirpstack-teneo-filling-degree": "teneo-filling-degree",
    "senml-cbor-ex03": "rfc8428-meter",
    "senml-ex01": "rfc8428-thermometer",
    "senml-ex03": "rfc8428-meter",
    "senml-ex05": "rfc8428-thermometer",
    "senml-ex06": "rfc8428-room",
    "senml-ex09": "rfc8428-heater",
    "senml-ex11": "rfc8428-thermometer",
    "ttn-decentlab-dl-ctd10": "decentlab-dl-ctd10",
    "ttn-decentlab-dl-ctd10-battery-only": "decentlab-dl-ctd10",
    "ttn-decentlab-dl-pheht": "decentlab-dl-pheht",
    "ttn-decentlab-dl-pr26": "decentlab-dl-pr26",
    "ttn-docs-mqtt-uplink": "decentlab-dl-ctd10",
    "ttn-dragino-ldds75-no-sensor": "dragino-ldds75",
    "ttn-ellenex-pls2-l-v6": "ellenex-pls2-l",
    "ttn-ellenex-pts2-l": "ellenex-pts2-l",
    "ttn-keller-adt1": "keller-adt1",
    "ttn-keller-adt1-no-value": "keller-adt1",
    "ttn-milesight-em500-pp": "milesight-em500-pp",
    "ttn-milesight-em500-swl": "milesight-em500-swl",
    "ttn-pepperl-fuchs-wilsen-sonic-cm": "pepperl-fuchs-wilsen",
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


ALIASES = {a["raw"]: a.get("unit") for a in read(SHIPPED + "/units.json")["aliases"]}
WATER = {p["id"] for p in read(SHIPPED + "/parameters.json")["parameters"]
         if p["kind"] == "water"}


def pointer(path):
    """"object.history[0].level" -> "/object/history/0/level"."""
    path = re.sub(r"\[(\d+)\]", r".\1", path)
    return "".join("/" + step.replace("~", "~0").replace("/", "~1")
                   for step in path.split("."))


def unit(text):
    """After the alias table and the rule for spellings; annotations {NTU} and codes [pH]
    name the unit within."""
    text = re.sub("[ \u00a0\u202f]+", " ", text.strip()).replace("\u03bc", "\u00b5")
    text = re.sub("[\u22c5\u00b7](\\w+)\u207b\u00b9", r"/\1", text)
    text = ALIASES.get(text) or text
    text = text.strip("{}[]")
    return (ALIASES.get(text) or text).replace("\u00b5", "u").replace("\u00b0C", "degC")


def micro(text):
    """RFC 3339 cut to microseconds."""
    whole, _, rest = text.rstrip("Z").partition(".")
    return f"{whole}.{rest[:6]:0<6}Z"


def payload(uplink):
    if "payload_base64" in uplink:
        return base64.b64decode(uplink["payload_base64"])
    content = uplink["payload"]
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def is_of(line, wanted):
    """In SenML the parameter is the whole name: base name and name, or one of both."""
    if "field" in wanted:
        return line["field"] == pointer(wanted["field"])
    name = line["field"][1:].replace("~1", "/").replace("~0", "~")
    return wanted["parameter"] in (line["device"] + name, line["device"])


def same_unit(line, wanted):
    if wanted["unit"] is None or (line["unit"] is None and wanted["unit"] == "[pH]"):
        return True  # pH has the unit 1, which nobody writes
    return line["unit"] is not None and unit(line["unit"]) == unit(wanted["unit"])


class Uplinks(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(temporary(self) + "/conf").path

    def readings(self, name, uplink):
        done = kogge("try", "--config", self.folder, "--topic", uplink["topic"], "--model",
                     MODELS[name], "--format", FORMATS[uplink["format"]], "--at", ARRIVAL,
                     "--json", "-", stdin=payload(uplink))
        self.assertIn(done.code, (0, 3), done.err)
        found = lines(done.out)
        self.assertEqual(done.err != "", not found, done.err)
        auto = kogge("try", "--config", self.folder, "--topic", uplink["topic"], "--model",
                     MODELS[name], "--at", ARRIVAL, "--json", "-", stdin=payload(uplink))
        self.assertEqual(auto.out, done.out, "auto reads it differently")
        usable = any(line["value"] is not None and (line["unit"] or line["canonical_unit"])
                     for line in found)
        self.assertEqual(done.code, 0 if usable else 3, done.out)
        return found

    def check_expected(self, found, wanted):
        at = micro(wanted["time"] or ARRIVAL)
        fits = [line for line in found if is_of(line, wanted) and line["time"] == at and
                line["value"] == wanted["value"] and same_unit(line, wanted)]
        self.assertEqual(len(fits), 1, (wanted, [l for l in found if is_of(l, wanted)] or found))
        self.assertNotEqual(fits[0]["outcome"], "rejected", fits[0])

    def check_rejected(self, found, wanted):
        for line in found:
            if is_of(line, wanted):
                self.assertIsNone(line["value"], line)
                self.assertIsNone(line["canonical_value"], line)

    def test_every_message_gives_its_readings(self):
        seen = 0
        for path in sorted(glob.glob(UPLINKS + "/*.json")):
            name, uplink = os.path.basename(path)[:-5], read(path)
            if uplink["format"] not in FORMATS:
                continue
            seen += 1
            with self.subTest(name):
                self.assertIn(name, MODELS, "no sensor model is named for it")
                found = self.readings(name, uplink)
                for wanted in uplink["expected"]:
                    self.check_expected(found, wanted)
                for wanted in uplink.get("rejected", ()):
                    self.check_rejected(found, wanted)
        self.assertGreaterEqual(seen, len(MODELS))

    def test_a_battery_only_frame_gives_no_water_value_and_no_error(self):
        name = "ttn-decentlab-dl-ctd10-battery-only"
        found = self.readings(name, read(f"{UPLINKS}/{name}.json"))
        self.assertTrue(found)
        for line in found:
            self.assertNotIn(line["parameter"], WATER, line)
            self.assertNotEqual(line["outcome"], "rejected", line)


if __name__ == "__main__":
    if not os.path.isdir(UPLINKS):
        print("SKIP test_uplinks: SHARED_DATA has no uplinks")
        sys.exit(77)
    unittest.main()
