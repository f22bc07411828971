#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""kogge try: sensor models that nobody has seen. KOGGE_SEED replays a run."""
import json
import math
import os
import random
import unittest

import model_maker
from kogge import Folder, device, kogge, lines, source, station, temporary

KEYS = ["device", "field", "time", "time_source", "value", "unit", "station", "parameter",
        "position", "canonical_value", "canonical_unit", "flag", "outcome", "problem"]
SEED = int(os.environ.get("KOGGE_SEED") or random.SystemRandom().randint(1, 10 ** 9))
CASES = 50
AT = "2026-11-20T12:00:00.250000Z"


def write_folder(path, cases):
    """All cases in one folder; each has its source."""
    sources = [source(c.name, 1883, ["#"], format=c.format, city="probe", **(c.source or {}))
               for c in cases]
    folder = Folder(path, sources)
    folder.put_city("probe", station("probe-station"))
    for c in cases:
        folder.put_model(c.model)
        if c.registered:
            folder.put_device("probe", device(c.device, c.name, "probe-station",
                                              mounting={"height_m_nhn": 1.0}))
    return folder.path


class RandomModels(unittest.TestCase):
    """Every reading of fifty made-up sensors, known by construction."""

    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (KOGGE_SEED={SEED} replays it)", flush=True)

    def setUp(self):
        maker = random.Random(SEED)
        self.cases = [model_maker.Case(maker, k) for k in range(CASES)]
        self.folder = write_folder(temporary(self) + "/conf", self.cases)
        check = kogge("check", "--config", self.folder)
        self.assertIn(check.code, (0, 3), check.out)

    def try_case(self, case):
        path = os.path.join(self.folder, "message")
        with open(path, "wb") as file:
            file.write(case.payload)
        options = ["--source", case.name] if case.source or case.registered else \
            ["--model", case.name]
        if case.source and not case.registered:
            options += ["--model", case.name]
        return kogge("try", "--config", self.folder, "--topic", case.topic, "--at", AT, "--json",
                     *options, path)

    def compare(self, line, wanted):
        self.assertEqual(list(line), KEYS)
        exact = {k: line[k] for k in wanted if k != "canonical_value"}
        self.assertEqual(exact, {k: v for k, v in wanted.items() if k != "canonical_value"})
        got, value = line["canonical_value"], wanted["canonical_value"]
        if value is None:
            self.assertIsNone(got, line)
        else:
            self.assertIsNotNone(got, line)
            self.assertTrue(math.isclose(got, value, rel_tol=1e-9, abs_tol=1e-9), (line, value))
        if wanted["outcome"] == "stored":
            self.assertIsNone(line["problem"], line)
        else:
            self.assertIn("not registered", line["problem"])

    def check_case(self, case):
        done = self.try_case(case)
        usable = any(w["value"] is not None for w in case.expected.values())
        self.assertEqual(done.code, 0 if usable else 3, done.err)
        found = {}
        for line in lines(done.out):
            self.assertNotIn(line["field"], found, "a field twice")
            found[line["field"]] = line
        self.assertEqual(set(case.expected) - set(found), set())
        for field, line in found.items():
            if field in case.expected:
                with self.subTest(case.name, field=field):
                    self.compare(line, case.expected[field])
            else:
                self.assertEqual(line["outcome"], "ignored", line)

    def test_every_reading_comes_out_as_it_was_put_in(self):
        for case in self.cases:
            with self.subTest(case.name, seed=SEED, model=json.dumps(case.model),
                              payload=case.payload):
                self.check_case(case)

    def test_the_text_form_names_every_reading(self):
        for case in self.cases[:5]:
            done = kogge("try", "--config", self.folder, "--topic", case.topic, "--at", AT,
                         "--source", case.name, "-", stdin=case.payload)
            for field in case.expected:
                self.assertIn(field, done.out)


if __name__ == "__main__":
    unittest.main()
