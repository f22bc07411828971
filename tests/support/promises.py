#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Writes docs/promises.md from tests/promises.json, tests/broken/broken.json and the results
of a whole run.

  promises.py tests            a pattern for `ctest -R`: the tests that it names
  promises.py write JUNIT...   with the counts that the tests of these files have said; of a
                               test in two files the later one counts. Each must have passed
                               with KOGGE_LONG set: a sample is refused
  promises.py show             what it would be with the counts that stand there already
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"
LAST_RUN = "\n## The last whole run\n"
HEAD = """<!-- SPDX-License-Identifier: EUPL-1.2 -->
<!-- Written by tests/support/promises.py; edit tests/promises.json instead. -->
# What Kogge promises, and what shows it

Each promise is kept by tests that `./run test` runs. `./run test --all` runs their long
loops whole, `./run test --promises` these tests only; both then write this page anew.

"""
BROKEN = """
## The tests bite

`./run test` also builds hubs with one fault each, and fails if the test beside it does not
notice. The faults are in `tests/broken/broken.json`.

"""


def read_json(name):
    return json.loads((ROOT / name).read_text(encoding="utf-8"))


def source_of(test):
    for folder, suffix in (("unit", ".c"), ("integration", ".py")):
        path = ROOT / "tests" / folder / (test + suffix)
        if path.exists():
            return os.path.relpath(path, PAGE.parent)
    raise SystemExit(f"tests/promises.json: there is no test {test}")


def links(tests):
    return ", ".join(f"[{test}]({source_of(test)})" for test in tests)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def first_part():
    promises = [(f"{p['promise']} {p['title']}", p["means"], links(p["tests"])) for p in read_json("tests/promises.json")]
    hubs = [(h["promise"], h["what"], links(c["test"] for c in h["caught_by"]))
            for h in read_json("tests/broken/broken.json")]
    return (HEAD + table(("promise", "it means", "shown by"), promises) +
            BROKEN + table(("breaks", "the hub's fault", "caught by"), hubs))


def needed():
    """Names of the tests that show a promise."""
    return sorted({test for p in read_json("tests/promises.json") for test in p["tests"]})


def results_of(files):
    """{test: (day, passed, output)} of the JUnit files of ctest."""
    found = {}
    for file in files:
        suite = xml.parse(file).getroot()
        for case in suite.iter("testcase"):
            passed = case.get("status") == "run" and case.find("failure") is None
            found[case.get("name")] = (suite.get("timestamp")[:10], passed,
                                       case.findtext("system-out") or "")
    return found


def counts_of(results):
    """What tests said in lines like "kills: points 412, lost 0": (name, test, counts, day)."""
    rows, faults = [], []
    wanted = {pair for p in read_json("tests/promises.json") for pair in p["counts"].items()}
    for test, name in sorted(wanted, key=lambda pair: pair[::-1]):
        day, passed, output = results.get(test, ("", None, ""))
        said = re.findall(rf"^(?:\[.*?\])?\s*{name}( of a sample)?: (.*\d.*)$", output, re.MULTILINE)
        if not passed:
            faults.append(f"{test} has not {'run' if passed is None else 'passed'}")
        elif not said:
            faults.append(f"{test} has not said its counts of {name}")
        elif said[-1][0]:
            faults.append(f"{test} took a sample: KOGGE_LONG was not set")
        else:
            rows.append((name, test, said[-1][1], day))
    if faults:
        raise SystemExit("docs/promises.md stays as it is:\n  " + "\n  ".join(faults))
    return rows


def last_part(files):
    rows = [(name, links([test]), counts, day) for name, test, counts, day in counts_of(results_of(files))]
    return LAST_RUN + "\n" + table(("of", "test", "counts", "day"), rows)


def main(arguments):
    there = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if arguments[:1] == ["write"]:
        PAGE.write_text(first_part() + last_part(arguments[1:]), encoding="utf-8")
    elif arguments == ["tests"]:
        print(f"^({'|'.join(needed())})$")
    elif arguments == ["show"]:
        at = there.find(LAST_RUN)
        sys.stdout.write(first_part() + (there[at:] if at >= 0 else ""))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
