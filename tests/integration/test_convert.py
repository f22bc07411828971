# SPDX-License-Identifier: EUPL-1.2
"""kogge convert says of one value what the pipeline makes of it."""
import json
import unittest

import broker as brokers
from kogge import SHIPPED, Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Publisher


class Shipped(unittest.TestCase):
    """By the vocabulary that ships, as somebody without a hub has it."""

    def ask(self, *arguments):
        done = kogge("convert", *arguments, "--json")
        return done, json.loads(done.out)["convert"] if done.out else None

    def stored(self, value, unit, parameter, expected, canonical, look_up, flag):
        done, answer = self.ask(value, unit, parameter)
        self.assertEqual((done.code, answer["outcome"]), (0, "stored"), done)
        self.assertAlmostEqual(answer["canonical_value"], expected, delta=1e-12 * abs(expected))
        self.assertEqual((answer["canonical_unit"], answer["range_flag"], answer["problem"]),
                         (canonical, flag, None))
        self.assertIn(look_up, answer["look_up"])

    def test_each_rule_for_units_is_named(self):
        self.stored("68", "°F", "water_temperature", 20, "degC", "UDUNITS-2", 1)
        self.stored("12.5", "Cel", "water_temperature", 12.5, "degC",
                    '"Cel" stands in units.json and means degC', 1)
        self.stored("12.5", "deg   C", "water_temperature", 12.5, "degC", 'read as "deg C"', 1)
        self.stored("1.25", "mS/cm", "ec25", 1250, "uS/cm", "UDUNITS-2", 1)
        self.stored("3", "NTU", "turbidity_ntu", 3, "NTU", "unit of a method", 1)
        self.stored("7.9", "", "ph", 7.9, "1", "none given", 1)
        self.stored("-40", "degC", "water_temperature", -40, "degC", "UDUNITS-2", 4)
        self.stored("512.3", "cm", "gauge_level", 5.123, "m", "UDUNITS-2", 2)

    def test_the_datum_in_a_unit_is_named(self):
        for unit, parameter, says in (
                ("cm PNP", "water_level", "the unit says the gauge's zero; water_level counts from "
                 "NHN and takes the number so"),
                ("m NHN", "gauge_level", "the unit says NHN; gauge_level counts from the gauge's "
                 "zero and takes the number so"),
                ("m NHN", "water_level", "the unit says NHN; water_level counts from NHN"),
                ("m ü. NN", "water_level", "the unit says NN, the system before NHN;"),
                ("m", "water_level", None), ("degC", "water_temperature", None)):
            done, answer = self.ask("1", unit, parameter)
            self.assertEqual(done.code, 0, done)
            if says is None:
                self.assertIsNone(answer["datum"])
            else:
                self.assertIn(says, answer["datum"])
                self.assertIn("  datum         " + says, kogge("convert", "1", unit, parameter).out)

    def refused(self, outcome, arguments, *parts):
        done, answer = self.ask(*arguments)
        self.assertEqual((done.code, answer["outcome"], answer["canonical_value"]),
                         (3, outcome, None), done)
        for part in parts:
            self.assertIn(part, answer["problem"])
            self.assertIn(part, done.err)

    def test_what_does_not_get_in_says_why(self):
        self.refused("rejected", ["5", "mg/L NO3", "nitrate_n"], "refused", "mass of the whole ion")
        self.refused("rejected", ["3", "NTU", "turbidity"], "NTU", "does not fit FNU")
        self.refused("rejected", ["8", "%", "salinity"], "does not fit 1")
        self.refused("rejected", ["8", "s", "water_temperature"], "does not fit degC")
        self.refused("rejected", ["8", "", "water_temperature"], "no unit")
        self.refused("pending", ["8", "degCC", "water_temperature"], '"degCC" is not known')
        self.refused("rejected", ["12,5", "degC", "water_temperature"], "decimal comma")
        self.refused("rejected", ["warm", "degC", "water_temperature"], '"warm" is not a number')
        self.refused("rejected", ["1e999", "degC", "water_temperature"], "1e999")
        self.refused("rejected", ["1", "x" * 100, "ph"], "longer than 64 bytes")

    def test_a_missing_value_is_kept_as_one(self):
        for value in ("nan", "NaN", "null", ""):
            done, answer = self.ask(value, "degC", "water_temperature")
            self.assertEqual((done.code, answer["outcome"], answer["canonical_value"],
                              answer["range_flag"]), (3, "stored", None, 9), done)

    def test_the_aliases_named_are_read(self):
        _, answer = self.ask("1", "degC", "water_temperature")
        self.assertIn("Cel", answer["aliases"])
        self.assertNotIn("us/cm", answer["aliases"])
        for alias in answer["aliases"]:
            self.stored("1", alias, "water_temperature", 1, "degC", "units.json", 1)

    def test_wrong_use_is_2(self):
        for arguments, part in ((["1", "degC", "water_temprature"], "mean water_temperature?"),
                                (["1", "m", "distance"], "only at a station"),
                                (["1", "\udcff", "ph"], "not UTF-8"), (["1", "degC"], "--help")):
            done = kogge("convert", *arguments)
            self.assertEqual((done.code, done.out), (2, ""))
            self.assertIn(part, done.err)

    def test_text_is_for_people(self):
        done = kogge("convert", "68", "°F", "water_temperature")
        self.assertEqual((done.code, done.out.splitlines()[0]), (0, "water_temperature = 20 degC"))
        self.assertIn("ship with the program", done.err)
        self.assertEqual(kogge("convert", "68", "°F", "water_temperature", "--quiet").err, "")


class Accepted(unittest.TestCase):
    """By what a hub works with; what it says is what the hub then stores."""

    def test_it_says_what_the_hub_stores(self):
        root = temporary(self)
        values = {"t": ("68", "°F", "water_temperature"), "c": ("1.25", "mS/cm", "ec25"),
                  "n": ("nan", "degC", "air_temperature"), "p": ("7.94", "kanne", "ph")}
        with brokers.Broker() as broker:
            folder = Folder(root + "/conf", [source("one", broker.port, ["x"], format="json",
                                                    device="/id")])
            folder.put_city("probe", station("kai"))
            with open(SHIPPED + "/units.json", encoding="utf-8") as file:
                units = json.load(file)
            units["aliases"].append({"raw": "kanne", "unit": "1"})
            folder.put("units.json", units)
            folder.put_model({"model": "m", "fields": [
                {"field": f"/{k}/v", "unit_field": f"/{k}/u", "parameter": p}
                for k, (_, _, p) in values.items()], "ignore": ["/id"]})
            folder.put_device("probe", device("d", "m", "kai"))
            with Hub(folder.path, root + "/data") as hub:
                hub.wait_connected()
                with Publisher(broker.port) as publisher:
                    publisher.publish("x", json.dumps(
                        {"id": "d", **{k: {"v": v, "u": u} for k, (v, u, _) in values.items()}}).encode())
                hub.wait_messages(1)
                rows = [line.split("\t") for line in hub.ask("dump").out.splitlines()]
                stored = {row[2]: row[6] for row in rows}
                self.assertEqual(len(stored), len(values), rows)
                for value, unit, parameter in values.values():
                    answer = json.loads(
                        hub.ask("convert", value, unit, parameter, "--json").out)["convert"]
                    kept = stored[parameter]
                    self.assertEqual(answer["canonical_value"], float(f"{float(kept):.15g}")
                                     if kept else None)
            done = kogge("convert", "7.94", "kanne", "ph")
            self.assertEqual(done.code, 3, done)


if __name__ == "__main__":
    unittest.main()
