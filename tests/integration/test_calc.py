# SPDX-License-Identifier: EUPL-1.2
"""kogge calc as a researcher has it: a result with its unit, JSON with 15 digits, and a
sentence for each way to ask for what is not there."""
import json
import unittest

from kogge import kogge

SALINITY = ["practical_salinity", "conductivity_ms_cm=34.5487", "temperature_c=28.7856"]


def formulas():
    return json.loads(kogge("calc", "list", "--json").out)["formulas"]


class Calc(unittest.TestCase):
    def test_a_result_has_name_and_unit(self):
        done = kogge("calc", "density", "salinity=0", "temperature_c=3.98")
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertRegex(done.out, r"^density = 999\.97\d+ kg/m3\n$")
        done = kogge("calc", *SALINITY, "pressure_dbar=10")
        self.assertEqual(done.out, "practical_salinity = 20.0098696\n")

    def test_json_has_15_digits_and_the_inputs(self):
        done = kogge("calc", *SALINITY, "--json")
        found = json.loads(done.out)
        self.assertEqual(found["schema"], 1)
        self.assertEqual(found["calc"]["inputs"], {
            "conductivity_ms_cm": 34.5487, "temperature_c": 28.7856, "pressure_dbar": 0})
        self.assertEqual((found["calc"]["unit"], found["calc"]["law"]), ("1", "pss-78"))
        self.assertNotIn("problem", {k: v for k, v in found["calc"].items() if v is not None})
        surface = found["calc"]["value"]
        below = json.loads(kogge("calc", *SALINITY, "pressure_dbar=10", "--json").out)
        self.assertAlmostEqual(below["calc"]["value"], 20.009869599086951, delta=1e-12)
        self.assertNotEqual(surface, below["calc"]["value"])

    def test_inputs_come_in_any_order(self):
        self.assertEqual(kogge("calc", SALINITY[0], *reversed(SALINITY[1:])),
                         kogge("calc", *SALINITY))

    def test_each_formula_of_the_list_can_be_computed(self):
        for f in formulas():
            middle = [f"{i['name']}={(i['least'] + i['most']) / 2}" for i in f["inputs"]]
            done = kogge("calc", f["name"], *middle, "--json")
            answer = json.loads(done.out)["calc"]
            self.assertEqual(done.code, 3 if answer["value"] is None else 0, done)
            if answer["value"] is None:
                self.assertIn(f["limit"], answer["problem"])
            self.assertTrue(f["source"] and f["unit"] and f["title"], f)

    def test_the_list_is_for_people_too(self):
        done = kogge("calc", "list")
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(kogge("calc").out, done.out)
        for f in formulas():
            self.assertIn(f"\n{f['name']}: ", done.out)
            self.assertIn(f["source"], done.out)
        one = kogge("calc", "list", "density").out
        self.assertTrue(one.startswith("density: ") and one in done.out)
        self.assertEqual([line for line in done.out.splitlines() if line != line.rstrip()], [])

    def refused(self, code, arguments, *parts):
        done = kogge("calc", *arguments)
        self.assertEqual((done.code, done.out, done.err.count("\n")), (code, "", 1), done)
        for part in ("kogge calc", *parts):
            self.assertIn(part, done.err)

    def test_wrong_names_are_2_and_the_nearest_is_named(self):
        self.refused(2, ["practical_salinty"], "practical_salinty", "mean practical_salinity?")
        self.refused(2, ["frobnicate"], "frobnicate", "kogge calc list")
        self.refused(2, ["list", "densty"], "mean density?")
        self.refused(2, ["\x1b[31mred"], "\\x1B[31mred")
        self.refused(2, [SALINITY[0], "temperatur_c=3"], "mean temperature_c?")
        self.refused(2, [SALINITY[0], "temp=3"], "mean temperature_c?")
        self.refused(2, [SALINITY[0], "x=3"], "conductivity_ms_cm, temperature_c, pressure_dbar")
        self.refused(2, [SALINITY[0], "=3"], "conductivity_ms_cm, temperature_c")

    def test_wrong_values_are_2_and_say_what_was_expected(self):
        for wrong in ("15,2", "", "warm", "nan", "inf", "0x10", "1e999", "3 degC", "--3"):
            self.refused(2, [SALINITY[0], f"temperature_c={wrong}"], "temperature_c", f'"{wrong}"',
                         "a number", "-2 to 35 degC")
        self.refused(2, [SALINITY[0], "15"], '"15"', "INPUT=VALUE")
        self.refused(2, [*SALINITY, SALINITY[2]], "temperature_c", "twice")
        self.refused(2, SALINITY[:2], "needs temperature_c", "-2 to 35 degC")
        self.refused(2, ["density", *["a=1"] * 9], "too many")

    def test_outside_its_range_a_formula_gives_no_number(self):
        outside = [*SALINITY[:2], "temperature_c=35.001"]
        self.refused(3, outside, "practical_salinity", "temperature_c", "-2 to 35 degC", "35.001")
        self.refused(3, [SALINITY[0], "conductivity_ms_cm=150", "temperature_c=10"],
                     "no salinity from 0 to 42")
        self.refused(3, ["absolute_salinity_baltic", "salinity=30", "latitude_deg=53.9",
                         "longitude_deg=8.1"], "outside the Baltic")
        done = kogge("calc", *outside, "--json")
        answer = json.loads(done.out)["calc"]
        self.assertEqual((done.code, answer["value"]), (3, None))
        self.assertIn("35.001", answer["problem"])


if __name__ == "__main__":
    unittest.main()
