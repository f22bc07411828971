# SPDX-License-Identifier: EUPL-1.2
"""kogge qc as a researcher has it, and our flags against those of ioos_qc (of PyPI) for
random series and tests. KOGGE_SEED repeats a run, KOGGE_CASE one case of it."""
import collections
import glob
import itertools
import json
import os
import subprocess
import sys
import tempfile
import unittest

import qc_cases
from kogge import kogge

ROOT = os.environ.get("KOGGE_ROOT") or os.path.join(os.path.dirname(__file__), "..", "..")
BIN = os.environ.get("KOGGE_BIN") or os.path.join(ROOT, "build/dev")
TOOL = os.path.join(BIN, "tests", "qc_tool")
SUPPORT = os.path.join(ROOT, "tests", "support")
DATA = os.path.join(os.environ.get("SHARED_DATA") or os.path.join(ROOT, "../shared/data"), "qc")
PYTHON = os.path.join(ROOT, ".cache", "venv", "bin", "python")
CASES = 10000 if os.environ.get("KOGGE_LONG") else 2000
SEED = int(os.environ.get("KOGGE_SEED") or int.from_bytes(os.urandom(4), "big"))
CASE = os.environ.get("KOGGE_CASE")
NEAR_FOR = ("attenuated_signal_test", "aggregate")


def installed():
    if not os.path.exists(PYTHON):
        return False
    return subprocess.run([PYTHON, "-c", "import ioos_qc"], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def ask(command, cases):
    """The answers of a program that is given one case a line."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    said = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    answers = [json.loads(line) for line in said.stdout.splitlines()]
    assert len(answers) == len(cases), (command, len(answers))
    return answers


@unittest.skipUnless(installed(), "ioos_qc is not installed in .cache/venv")
class Reference(unittest.TestCase):
    """Left out, by name: climatology of missing values (9 here) and of missing depths (ioos_qc
    flags by numpy's version), location_test with missing positions where distances count, a
    standard deviation within 1e-6 of a threshold, times outside 1678 to 2262; and what
    ioos_qc answers with an exception."""

    def compare(self, case, ours, theirs):
        """The number of points that were compared."""
        where = f"KOGGE_SEED={SEED} KOGGE_CASE={case['number']}"
        self.assertNotIn("problem", ours, where)
        self.assertNotIn("problem", theirs, where)
        self.assertEqual(sorted(ours), sorted(theirs), where)
        near = qc_cases.near_threshold(case)
        for name, flags in theirs.items():
            self.assertEqual(len(ours[name]), len(flags), where)
            wrong = [(i, a, b) for i, (a, b) in enumerate(zip(ours[name], flags))
                     if a != b and not (i in near and name in NEAR_FOR)]
            self.assertEqual(wrong, [], f"{where}: {name}: (point, ours, ioos_qc's); {case}")
        self.near += len(near)
        return len(case["time"])

    def test_flags_are_those_of_ioos_qc(self):
        left, cases = collections.Counter(), []
        for number in [int(CASE)] if CASE else itertools.count():
            case = qc_cases.make(SEED, number)
            why = qc_cases.left_out(case)
            if why is None:
                cases.append(case)
            else:
                left[why] += 1
            if len(cases) == CASES:
                break
        ours = ask([TOOL], cases)
        theirs = ask([PYTHON, os.path.join(SUPPORT, "qc_reference.py")], cases)
        self.near, points = 0, collections.Counter()
        counts, flags = collections.Counter(), collections.Counter()
        for case, mine, other in zip(cases, ours, theirs):
            points[case["name"]] += self.compare(case, mine, other)
            counts[case["name"]] += 1
            flags.update((case["name"], flag) for flag in other[
                case["name"] if case["name"] in other else "aggregate"])
        for name in counts:
            seen = " ".join(f"{flag}:{flags[name, flag]}" for flag in (1, 2, 3, 4, 9)
                            if flags[name, flag])
            print(f"{name}: {counts[name]} cases, {points[name]} points, flags {seen}")
        for why, count in sorted(left.items()):
            print(f"left out: {count} cases, {why}")
        print(f"left out: {self.near} points, standard deviation within 1e-6 of a threshold")
        if not CASE:
            self.assertEqual(sorted(counts), sorted(qc_cases.KINDS))
            self.assertGreater(min(counts.values()), CASES / 20)
            self.assertLess(sum(left.values()), CASES / 10)

    def test_our_own_vectors_are_as_ioos_qc_has_them(self):
        """Those that carry derived arguments or a series that it refuses, and tests of ours, are
        not asked."""
        asked = []
        for path in sorted(glob.glob(os.path.join(ROOT, "tests", "vectors", "qc", "*.json"))):
            name = os.path.basename(path)[:-5]
            with open(path, encoding="utf-8") as file:
                vectors = [v for v in json.load(file) if "reference" in v]
            for v in vectors:
                if name == "climatology_test" or set(v.get("derived", {})) - {
                        "median_interval_s"} or any(isinstance(t, str) for t in v["time"]):
                    continue
                filled = {k: v.get(k, [0.0] * len(v["time"])) for k in ("value", "z", "lat", "lon")}
                case = {"name": name, "time": v["time"], "config": {name: v["config"]}, **filled}
                positions_missing = name == "location_test" and None in v["lat"] and v["config"]
                interval = v.get("derived", {}).get("median_interval_s")
                if (qc_cases.left_out(case) is None and not positions_missing and
                        interval in (None, qc_cases.interval_of(case))):
                    asked.append((case, v))
        answers = ask([PYTHON, os.path.join(SUPPORT, "qc_reference.py")], [c for c, _ in asked])
        for (case, v), answer in zip(asked, answers):
            self.assertEqual(answer.get(case["name"]), v["reference"], (case["name"], v["note"], answer))
        self.assertGreater(len(asked), 20)


class Verb(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def put(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def qc(self, tests, series, *options):
        tests = self.put("tests.json", tests if isinstance(tests, str) else json.dumps(tests))
        done = kogge("qc", "--tests", tests, *options, self.put("series.csv", series))
        return done._replace(err=done.err.replace(self.folder.name + "/", ""))

    def flags(self, done):
        rows = [line.split(",") for line in done.out.splitlines()]
        return {name: [int(row[2 + k]) for row in rows[1:]] for k, name in enumerate(rows[0][2:])}

    def test_one_row_a_row_in_the_order_of_the_tests_file(self):
        tests = {"spike_test": {"suspect_threshold": 1, "fail_threshold": 3},
                 "gross_range_test": {"fail_span": [0, 4]}}
        done = self.qc(tests, "value;time\n1;2026-01-01T01:00:00+01:00\n1.50;1767226200.5\n"
                              "9;2026-01-01T00:20:00Z\n;2026-01-01 00:30:00Z\n")
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(done.out, "time,value,spike_test,gross_range_test,aggregate\n"
                                   "2026-01-01T00:00:00Z,1,2,1,1\n"
                                   "2026-01-01T00:10:00.5Z,1.5,4,1,4\n"
                                   "2026-01-01T00:20:00Z,9,2,4,4\n"
                                   "2026-01-01T00:30:00Z,,9,9,9\n")

    def test_files_come_out_as_they_were_worked_out(self):
        """The first line is the tests file, the series stands below."""
        files = [path for path in glob.glob(os.path.join(ROOT, "tests/vectors/qc/files/*"))
                 if not path.endswith(".out")]
        self.assertGreater(len(files), 1)
        for path in files:
            with open(path, encoding="utf-8") as file:
                tests, series = file.read().split("\n", 1)
            for mode in ("reference", "hub"):
                with open(f"{path}.{mode}.out", encoding="utf-8") as file:
                    done = self.qc(tests, series, "--mode", mode, "--quiet")
                    self.assertEqual((done.code, done.err, done.out), (0, "", file.read()))

    def test_the_modes_differ_where_they_say(self):
        tests = {"flat_line_test": {"suspect_threshold": 120, "fail_threshold": 9000}}
        series = "time,value\n0,1\n60,1\n120,1\n180,1\n"
        self.assertEqual(self.flags(self.qc(tests, series))["flat_line_test"], [1, 1, 1, 1])
        hub = self.qc(tests, series, "--mode", "hub")
        self.assertEqual(self.flags(hub)["flat_line_test"], [1, 1, 3, 3])

    def test_derived_goes_before_what_the_series_says(self):
        tests = {"flat_line_test": {"suspect_threshold": 120, "fail_threshold": 9000,
                                    "tolerance": 1}, "derived": {"median_interval_s": 120}}
        done = self.qc(tests, "time,value\n0,1\n60,1\n120,1\n180,1\n")
        self.assertEqual(self.flags(done)["flat_line_test"], [1, 3, 3, 3])

    def test_bad_input_gets_a_sentence(self):
        gross = '{"gross_range_test": {"fail_span": [0, 4]}}'
        flat = '{"flat_line_test": {"suspect_threshold": 9, "fail_threshold": 99}}'
        still = ('{"attenuated_signal_test": {"suspect_threshold": 2, "fail_threshold": 1, '
                 '"test_period": 60}}')
        depth = '{"density_inversion_test": {}, "gross_range_test": {"fail_span": [0, 4]}}'
        row = "time,value\n0,1\n"
        for tests, series, code, sentence in (
                ('{"spike_tset": {}}', row, 5, 'tests.json:1: /spike_tset: no test is named '
                 '"spike_tset"; did you mean "spike_test"?'),
                ('{"spike_test"', row, 5, "tests.json:1:13: ':' expected near end of file"),
                ("", row, 5, "tests.json is at fault"),
                ('{"flat_line_test":\n{"suspect_threshold": 0, "fail_threshold": 9}}', row, 5,
                 "tests.json:2: /flat_line_test/suspect_threshold: 0, expected more than 0"),
                (gross, "", 1, "series.csv:1: the header is missing"),
                (gross, "time,value\n", 0, "series.csv: there are no rows"),
                (gross, row, 0, "series.csv: one row"),
                (gross, "tme,value\n0,1\n", 1, 'no column is named time; is it "tme"?'),
                (gross, "time,vlaue\n0,1\n", 1, 'gross_range_test needs a column "value"'),
                (gross, "time,vlaue\n0,1\n", 1, 'series.csv:1: column "vlaue" is not looked at'),
                (depth, row, 1, 'density_inversion_test needs a column "z"'),
                ('{"location_test": {}}', "time,lat\n0,1\n", 1,
                 'location_test needs the columns "lat" and "lon"'),
                (gross, "time,value\n,1\n", 1, 'series.csv:2: time: "", expected an RFC 3339'),
                (gross, "time,value\n0,1.5.2\n", 1, 'series.csv:2: value: "1.5.2", expected a num'),
                (gross, "time,value\n0,1e400\n", 1, 'series.csv:2: value: "1e400", expected'),
                (gross, "time,value\n0\n", 1, "series.csv:2: 1 column, expected 2"),
                (gross, "time,value\n2026-02-30T00:00:00Z,1\n", 1, "series.csv:2: time: "),
                (gross, "time,value\n0000-01-01T00:00:00Z,1\n", 1, "series.csv:2: time: "),
                (gross, "time,value\n1e300,1\n", 1, "series.csv:2: time: "),
                (gross, "time,value\n60,1\n0,1\n", 0, "series.csv:3: time: goes back"),
                (still, "time,value\n60,1\n0,1\n", 1, "needs times that never go back"),
                (gross, "time,value\n0,1\n0,1\n", 0, "series.csv:3: time: is that of the row a"),
                (flat, "time,value\n0,1\n0,1\n0,1\n", 1, "needs derived.median_interval_s"),
                (gross, "time,value\n0001-01-01T00:00:00Z,1\n", 0, "series.csv:2: time: lies out"),
                (gross, "time,value\n9999-12-31T23:59:59Z,1\n", 0, "series.csv:2: time: lies out"),
                (gross, "time,value\n0,NaN\n", 0, "series.csv:2: value: is nan, taken for miss"),
                (gross, "time,value\n0,-inf\n", 0, "series.csv:2: value: is infinite"),
                (gross, "time,value\n0,5e-324\n", 0, "series.csv:2: value: is denormal")):
            with self.subTest(tests=tests, series=series):
                done = self.qc(tests, series)
                self.assertEqual(done.code, code, done)
                self.assertIn(sentence, done.err)
                self.assertEqual(done.out == "", code != 0, done)

    def test_far_times_and_infinite_values_are_judged(self):
        tests = {"gross_range_test": {"fail_span": [0, 4]}, "time_gap_test": {}}
        series = "time,value\n0001-01-01T00:00:00Z,inf\n9999-12-31T23:59:59.999999Z,5e-324\n"
        done = self.qc(tests, series)
        self.assertEqual(self.flags(done), {"gross_range_test": [4, 1], "time_gap_test": [4, 4],
                                            "aggregate": [4, 4]})
        self.assertIn("\n9999-12-31T23:59:59.999999Z,", done.out)
        hub = self.flags(self.qc(tests, series, "--mode", "hub"))
        self.assertEqual(hub["gross_range_test"], [9, 1])

    def test_too_many_rows_are_refused(self):
        done = self.qc('{"time_gap_test": {}}', "time\n" + "0\n" * 5000001, "--quiet")
        self.assertEqual((done.code, done.out), (1, ""))
        self.assertIn("series.csv:5000002: more than 5000000 rows", done.err)

    def test_what_is_asked_wrongly_is_said(self):
        path = self.put("series.csv", "time,value\n0,1\n")
        done = kogge("qc", path)
        self.assertEqual(done.code, 2)
        self.assertIn("--tests FILE is needed", done.err)
        done = kogge("qc", "--tests", path + "x", path)
        self.assertEqual(done.code, 1)
        done = self.qc("{}", "time\n0\n", "--mode", "hb")
        self.assertEqual(done.code, 2)
        self.assertIn("no mode is named hb; did you mean hub?", done.err)
        self.qc('{"time_gap_test": {}}', "time\n0\n")
        files = [os.path.join(self.folder.name, name) for name in ("tests.json", "series.csv")]
        with open("/dev/full", "w", encoding="utf-8") as disk:
            full = subprocess.run([os.path.join(BIN, "kogge"), "qc", "--tests", *files],
                                  stdout=disk, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(full.returncode, 1)
        self.assertIn("the flags can't be written", full.stderr)

    def test_thresholds_are_written_from_all_files_together(self):
        """10 to 16 in turn, with four spikes of 90 a file: the quartiles are 11 and 15; of 1953
        distances a file 4 are 90 more or less, so 1 in 100 is 3, 1 in 1000 a spike."""
        def series(first, rows):
            return "time,value\n" + "".join(
                f"{900 * i},{10 + i % 7 + 90 * (i % 500 == 499)}\n" for i in range(first, first + rows))
        one, two = self.put("one.csv", series(0, 2000)), self.put("two.csv", series(7000, 2000) + "99999999,\n")
        done = kogge("qc", "thresholds", one, two)
        self.assertEqual((done.code, done.err), (0, "from 4000 values, 3906 of them with half a "
                                                    "day before them\n"))
        test = json.loads(done.out)["running_median_test"]
        self.assertEqual(list(test), ["test_period", "min_obs", "suspect_span", "suspect_threshold",
                                      "fail_threshold"])
        self.assertEqual((test["test_period"], test["min_obs"]), (86400, 48))
        self.assertEqual((test["suspect_span"], test["suspect_threshold"]), ([5, 21], 3))
        self.assertGreater(test["fail_threshold"], 80)
        self.assertLess(test["fail_threshold"], 94)
        flags = self.flags(self.qc(done.out, series(0, 1000), "--mode", "hub"))["running_median_test"]
        self.assertEqual([flags[0], flags[46], flags[47], flags[499]], [2, 2, 1, 3])
        self.assertEqual(self.qc(done.out, series(0, 9)).code, 5)

    def test_thresholds_that_can_not_be_had_get_a_sentence(self):
        still = "time,value\n" + "".join(f"{900 * i},7\n" for i in range(1100))
        far = "time,value\n" + "".join(f"{20000 * i},{i}\n" for i in range(9))
        short = "time,value\n" + "".join(f"{900 * i},{i}\n" for i in range(1046))
        for series, sentence in (
                (still, "the values hardly move"),
                (far, "the median step is 20000 s, expected 1 to 14400"),
                (short, "1000 values with half a day before them are needed, here are 999"),
                ("time,value\n", "1000 values with half a day before them are needed, here are 0"),
                ("time\n0\n60\n", 'thresholds need a column "value"'),
                ("time,value\n60,1\n0,1\n", "thresholds need times that never go back"),
                ("time,value\n0,x\n", 'series.csv:2: value: "x", expected a number')):
            with self.subTest(sentence):
                done = kogge("qc", "thresholds", self.put("series.csv", series))
                self.assertEqual((done.code, done.out), (1, ""))
                self.assertIn(sentence, done.err)
        done = kogge("qc", "thresholds")
        self.assertEqual(done.code, 2)
        path = self.put("series.csv", short + "941400,1\n")
        with open("/dev/full", "w", encoding="utf-8") as disk:
            full = subprocess.run([os.path.join(BIN, "kogge"), "qc", "thresholds", path], stdout=disk,
                                  stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(full.returncode, 1)
        self.assertIn("the tests file can't be written", full.stderr)

    @unittest.skipUnless(os.path.isdir(DATA), "the reference data is not there")
    def test_vectors_come_out_of_the_verb_as_well(self):
        """Each file with one series; fuzz_* and compare_all go through test_qc_data."""
        done = 0
        for path in sorted(glob.glob(os.path.join(DATA, "*.json"))):
            with open(path, encoding="utf-8") as file:
                v = json.load(file)
            if "time" not in v or ("value" not in v and "lat" not in v and v["test"] == "aggregate"):
                continue
            names = [n for n in ("value", "z", "lat", "lon") if n in v]
            rows = zip(v["time"], *(v[n] for n in names))
            series = "".join(",".join("" if x is None else repr(x) for x in row) + "\n"
                             for row in rows)
            tests = v["config"] if v["test"] == "aggregate" else {v["test"]: v["config"]}
            tests = {**tests, "derived": v.get("derived", {})}
            got = self.qc(tests, ",".join(["time"] + names) + "\n" + series, "--quiet")
            self.assertEqual(got.code, 0, (path, got.err))
            expected = {**v.get("flags_by_test", {v["test"]: v["flags"]}), "aggregate": v["flags"]}
            self.assertEqual(self.flags(got), expected, path)
            done += 1
        print(f"{done} files of vectors through kogge qc")
        self.assertGreater(done, 150)


if __name__ == "__main__":
    print(f"KOGGE_SEED={SEED}")
    if not installed():
        print("SKIP Reference: ioos_qc is not installed in .cache/venv")
    sys.stdout.flush()
    unittest.main()
