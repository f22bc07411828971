#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The tools themselves: what the lint must find, and how results are counted."""
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.environ.get("KOGGE_ROOT") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
for room in ("lint", "support", "fuzz", "bench"):
    sys.path.insert(0, os.path.join(ROOT, "tests", room))

import fuzz
import judge_config
import judge_text
import judge_tools
import promises
import quality
import results
import tree

SPDX = "/* SPDX-License-Identifier: EUPL-1.2 */\n"


class House(unittest.TestCase):
    """A small tree of its own with faults put in."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kogge-test-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        for module in (tree, judge_text, judge_tools, judge_config):
            patch = mock.patch.object(module, "ROOT", self.root)
            patch.start()
            self.addCleanup(patch.stop)
        with open(os.path.join(ROOT, "tests/check_layers.sh"), encoding="utf-8") as text:
            self.put("tests/check_layers.sh", text.read())
        with open(os.path.join(ROOT, "hub/LAYERS"), encoding="utf-8") as text:
            self.put("hub/LAYERS", text.read())
        self.put("hub/base/sound.h", SPDX + "#ifndef S\n#define S\nint sound(void);\n#endif\n")
        self.put("hub/base/sound.c", SPDX + '#include "base/sound.h"\n\nint sound(void)\n{\n'
                                            "    return 1;\n}\n")

    def put(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def tree(self):
        entry = {"file": os.path.join(self.root, "hub/base/sound.c"), "directory": self.root,
                 "command": f"gcc -std=c17 -Wall -Werror -I{self.root}/hub -o x.o -c "
                            f"{self.root}/hub/base/sound.c"}
        self.put("build/compile_commands.json", json.dumps([entry]))
        return tree.Tree(os.path.join(self.root, "build"))

    def faults(self, step):
        return "\n".join(step(self.tree())[2])

    def test_sound_house_has_no_fault(self):
        steps = [judge_text.layers, judge_text.licence, judge_text.sizes, judge_text.banned,
                 judge_text.unfinished, judge_config.names, judge_tools.alone,
                 judge_tools.analyzer, judge_tools.cppcheck]
        for step in steps:
            self.assertEqual(self.faults(step), "", step.__name__)

    def test_layers_find_a_wrong_include(self):
        self.put("hub/base/wrong.c", SPDX + '#include "store/store.h"\n#  include <sqlite3.h>\n')
        self.put("firmware/node/wrong.c", SPDX + "#include <stdlib.h>\n")
        said = self.faults(judge_text.layers)
        self.assertIn("hub/base/wrong.c:2: base may not include store/store.h", said)
        self.assertIn("hub/base/wrong.c:3: base may not include sqlite3.h", said)
        self.assertIn("firmware/node may not include <stdlib.h>", said)

    def test_alone_finds_a_header_that_needs_another(self):
        self.put("hub/base/needy.h", SPDX + "size_t needy(void);\n")
        self.assertIn("size_t", self.faults(judge_tools.alone))

    def test_cppcheck_and_analyzer_find_faults(self):
        self.put("hub/base/wrong.c", SPDX + "#include <stdlib.h>\nint wrong(void);\n"
                 "int wrong(void)\n{\n    int a[2] = {0, 0};\n    int *p = malloc(4);\n"
                 "    free(p);\n    return *p + a[2];\n}\n")
        self.assertIn("wrong.c", self.faults(judge_tools.cppcheck))
        self.assertIn("-Werror=analyzer", self.faults(judge_tools.analyzer))

    def test_cache_sees_a_change_in_a_header(self):
        self.assertEqual(self.faults(judge_tools.cppcheck), "")
        self.assertIn("1 files, 0 judged anew", judge_tools.cppcheck(self.tree())[1])
        self.put("hub/base/sound.h", SPDX + "int sound(void); /* changed */\n")
        self.assertIn("1 files, 1 judged anew", judge_tools.cppcheck(self.tree())[1])

    def test_texts_are_judged(self):
        self.put("hub/base/a.c", "int a;\n" + "\n" * 500)
        self.put("hub/base/b.c", SPDX + "typedef struct b b;\nvoid f(void) { strcpy(x, y); }\n"
                                        "/* strcat(a, b) in words is no fault */\n")
        self.put("hub/base/c.h", SPDX + "\n" * 120)
        self.put("hub/base/own.h", SPDX + "\n" * 120)
        self.put("hub/base/user.c", SPDX + '#include "base/own.h"\n')
        self.put("hub/model/user.c", SPDX + '#include "base/c.h"\n')
        self.put("docs/d.md", "TO" "DO\n")
        self.assertIn("hub/base/a.c", self.faults(judge_text.licence))
        sizes = self.faults(judge_text.sizes)
        self.assertIn("hub/base/a.c: 501 lines", sizes)
        self.assertIn("hub/base/c.h: 121 lines", sizes)
        self.assertNotIn("hub/base/own.h", sizes)
        said = self.faults(judge_text.banned)
        self.assertIn("b.c:2", said)
        self.assertIn("b.c:3", said)
        self.assertNotIn("b.c:4", said)
        self.assertIn("docs/d.md:1", self.faults(judge_text.unfinished))

    def test_names_of_vendors_are_found(self):
        self.put("hub/conf/devices/acme-ctd5.json",
                 json.dumps({"model": "acme-ctd5", "vendor": "Acme Sensors"}))
        self.put("hub/base/n.c", SPDX + "/* as acme sensors do */\n/* Acme-CTD5 */\n"
                                        "/* acme-ctd55 */\n")
        said = self.faults(judge_config.names)
        self.assertIn("n.c:2", said)
        self.assertIn("n.c:3", said)
        self.assertNotIn("n.c:4", said)

    def test_answers_are_found_in_tests(self):
        self.put("data/uplinks/a.json", json.dumps({"expected": [{"value": 12.34567}]}))
        self.put("tests/unit/test_x.c", SPDX + "assert_close(x, 12.345670, 0);\n")
        with mock.patch.dict(os.environ, SHARED_DATA=os.path.join(self.root, "data")):
            self.assertIn("tests/unit/test_x.c", self.faults(judge_config.answers))

    def test_conf_without_schema_is_a_fault(self):
        self.put("hub/conf/units.json", "{}")
        self.put(".cache/venv/bin/check-jsonschema", "")
        self.assertIn("there is no schemas/units.schema.json", self.faults(judge_config.schemas))

    def test_files_are_judged_by_their_schemas(self):
        venv = os.path.join(ROOT, ".cache", "venv")
        if not os.path.exists(os.path.join(venv, "bin", "check-jsonschema")):
            print("SKIP files_are_judged_by_their_schemas: check-jsonschema is not installed")
            self.skipTest("not installed")
        os.mkdir(os.path.join(self.root, ".cache"))
        os.symlink(venv, os.path.join(self.root, ".cache", "venv"))
        form = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
                "required": ["aliases"]}
        self.put("schemas/units.schema.json", json.dumps(form))
        self.put("hub/conf/units.json", '{"aliases": []}')
        self.assertEqual(self.faults(judge_config.schemas), "")
        self.put("hub/conf/units.json", "{}")
        self.assertIn("'aliases' is a required property", self.faults(judge_config.schemas))
        self.put("hub/conf/units.json", '{"aliases": []}')
        self.put("schemas/units.schema.json", json.dumps({**form, "type": "thing"}))
        self.assertIn("schemas/units.schema.json", self.faults(judge_config.schemas))


class Seeds(unittest.TestCase):
    def test_target_must_name_a_folder_with_seeds(self):
        with tempfile.TemporaryDirectory(prefix="kogge-test-") as folder:
            target = os.path.join(folder, "fuzz_x.c")
            with open(target, "w", encoding="utf-8") as out:
                out.write(SPDX)
            self.assertRaises(ValueError, fuzz.seed_folders, target)
            with open(target, "a", encoding="utf-8") as out:
                out.write("/* seeds: no/such/folder */")
            self.assertRaises(ValueError, fuzz.seed_folders, target)
            empty = os.path.join(folder, "empty")
            os.mkdir(empty)
            self.assertRaises(ValueError, fuzz.copy_seeds, [empty], os.path.join(folder, "to"))

    def test_seeds_are_the_vectors_of_the_name(self):
        with tempfile.TemporaryDirectory(prefix="kogge-test-") as folder, \
                mock.patch.object(fuzz, "ROOT", folder):
            ttn = os.path.join(folder, "tests", "vectors", "decode", "ttn")
            os.makedirs(ttn)
            for name, seeds in (("decode_ttn", ttn), ("decode_auto", os.path.dirname(ttn))):
                target = os.path.join(folder, f"fuzz_{name}.c")
                with open(target, "w", encoding="utf-8") as out:
                    out.write(SPDX)
                self.assertEqual(fuzz.seed_folders(target), [seeds])


    def test_inputs_are_kept_as_lines_of_text(self):
        inputs = [bytes(range(256)), b"", b"\\x41\n", "ü€".encode(), b"{\"a\": 1}\r\n"]
        with tempfile.TemporaryDirectory(prefix="kogge-test-") as folder, \
                mock.patch.object(fuzz, "KEPT", folder):
            self.assertEqual(fuzz.read_kept("fuzz_x"), [])
            self.assertEqual(fuzz.write_kept("fuzz_x", inputs), len(inputs))
            self.assertEqual(fuzz.read_kept("fuzz_x"), sorted(inputs, key=len))
            with open(fuzz.kept_file("fuzz_x"), encoding="ascii") as text:
                self.assertEqual(text.read().splitlines()[1], "\\\\x41\\n")
            many = [b"%d" % n for n in range(100)]
            self.assertEqual(fuzz.write_kept("fuzz_x", many), fuzz.KEPT_INPUTS)
            large = [b"x" * 30000, b"y" * 30001, b"z" * 30002]
            self.assertEqual(fuzz.write_kept("fuzz_x", large), 2)


class Scores(unittest.TestCase):
    """The flags of quality tests beside those of an operator, counted by hand."""

    def test_values_and_events_are_counted(self):
        rows = [(5, 0), (5, 0), (9, -3), (9, -3), (5, 0), (7, 1), (9, -3), (5, 0), ("", -2), (5, 0), ("", -3)]
        series = quality.Series([{"time_utc": f"2012-01-{day + 1:02}T00:00:00Z", "ph": str(value),
                                  "f_ph": f"<{level}> [GIM]"} for day, (value, level) in enumerate(rows)], "ph")
        score = quality.Score(series, [i in (2, 4, 5, 9) for i in range(len(rows))])
        self.assertEqual((score.precision, score.precision_lenient, score.recall), (1 / 4, 1 / 3, 1 / 3))
        self.assertEqual((score.events, score.found), (3, 1))
        self.assertEqual((score.alarms, score.false), (3, 2))  # 2; 4 and 5; 9

    def test_runs_end_where_the_series_ends(self):
        self.assertEqual(quality.runs([True, False, True, True]), [(0, 1), (2, 4)])
        self.assertEqual(quality.runs([]), [])


class Books(unittest.TestCase):
    JUNIT = """<testsuite>
      <testcase name="a" status="run"><system-out>fine</system-out></testcase>
      <testcase name="b" status="run"><system-out>SKIP some: no reference data at x
</system-out></testcase>
      <testcase name="c" status="fail"><failure/><system-out>why it failed</system-out></testcase>
      <testcase name="d" status="notrun"><skipped/><system-out>SKIP d: no broker</system-out>
      </testcase></testsuite>"""

    def total(self, data, junit=JUNIT):
        with tempfile.TemporaryDirectory(prefix="kogge-test-") as folder:
            path, book = os.path.join(folder, "j.xml"), os.path.join(folder, "book")
            with open(path, "w", encoding="utf-8") as out:
                out.write(junit)
            with mock.patch.dict(os.environ, SHARED_DATA=data), \
                    contextlib.redirect_stdout(io.StringIO()) as said:
                results.main(["book", "dev", path, book])
                results.main(["part", "dev", book, "0", "0.1"])
                code = results.main(["total", book])
        return code, said.getvalue()

    def test_only_missing_data_may_skip(self):
        code, said = self.total("/nowhere/at/all")
        self.assertEqual(code, 1)
        self.assertIn("why it failed", said)
        self.assertIn("FAIL dev d: skipped (no broker), and must not here", said)
        self.assertEqual(said.splitlines()[-1], "2 passed, 2 failed, 1 skipped")

    def test_data_that_is_there_may_not_be_skipped(self):
        _, said = self.total(os.path.dirname(__file__))
        self.assertEqual(said.splitlines()[-1], "2 passed, 3 failed, 0 skipped")

    def test_part_without_a_test_fails(self):
        code, said = self.total("/nowhere", "<testsuite></testsuite>")
        self.assertEqual((code, said.splitlines()[-1]), (1, "0 passed, 1 failed, 0 skipped"))


class Promises(unittest.TestCase):
    """What docs/promises.md takes from the results of ctest."""
    PROMISES = [{"counts": {"test_a": "kills", "test_b": "power"}}, {"counts": {}}]

    def counts(self, *files):
        """Each file: {test: (status, what it said)}."""
        with tempfile.TemporaryDirectory(prefix="kogge-test-") as folder, \
                mock.patch.object(promises, "read_json", lambda name: self.PROMISES):
            paths = [os.path.join(folder, str(k)) for k in range(len(files))]
            for day, (path, cases) in enumerate(zip(paths, files), 1):
                with open(path, "w", encoding="utf-8") as out:
                    out.write(f'<testsuite timestamp="2026-11-0{day}T01:02:03">')
                    for name, (status, said) in cases.items():
                        out.write(f'<testcase name="{name}" status="{status}">'
                                  f"<system-out>{said}</system-out></testcase>")
                    out.write("</testsuite>")
            return promises.counts_of(promises.results_of(paths))

    def refused(self, *files):
        with self.assertRaises(SystemExit) as refused:
            self.counts(*files)
        return str(refused.exception)

    def test_counts_of_whole_runs_are_taken_the_later_one(self):
        first = {"test_a": ("run", "kills: points 1\n"), "test_b": ("run", "power: cuts 9\n")}
        again = {"test_a": ("run", "kills: points 2, lost 0\nmore words: 3\n")}
        self.assertEqual(self.counts(first, again),
                         [("kills", "test_a", "points 2, lost 0", "2026-11-02"),
                          ("power", "test_b", "cuts 9", "2026-11-01")])

    def test_a_sample_and_what_did_not_pass_are_refused(self):
        said = self.refused({"test_a": ("run", "kills of a sample: points 1\n"),
                             "test_b": ("fail", "")})
        self.assertIn("test_a took a sample: KOGGE_LONG was not set", said)
        self.assertIn("test_b has not passed", said)
        said = self.refused({"test_b": ("run", "kills: 3 of another test")})
        self.assertIn("test_a has not run", said)
        self.assertIn("test_b has not said its counts of power", said)


if __name__ == "__main__":
    unittest.main()
