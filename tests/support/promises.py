#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Writes docs/promises.md from tests/promises.json, tests/broken/broken.json and the results
of a whole run.

  promises.py write JUNIT...   with the counts that the tests of these files have said
  promises.py show             what it would be with the counts that stand there already
"""
import datetime
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
loops whole, and then writes this page anew.

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


def counts_of(files):
    """What tests said in lines like "kills: points 412, lost 0"; the last one counts."""
    names = {name for p in read_json("tests/promises.json") for name in p["counts"]}
    said = {}
    for file in files:
        for case in xml.parse(file).getroot().iter("testcase"):
            output = case.findtext("system-out") or ""
            for name, counts in re.findall(r"^(?:\[.*?\])?\s*([a-z]+): (.*\d.*)$", output, re.MULTILINE):
                if name in names and case.get("name").startswith("test_"):
                    said[name, case.get("name")] = counts
    missing = names - {name for name, _ in said}
    if missing:
        raise SystemExit(f"no test has said its counts of: {', '.join(sorted(missing))}")
    return said


def last_part(files):
    rows = [(name, links([test]), counts) for (name, test), counts in sorted(counts_of(files).items())]
    day = datetime.datetime.now(datetime.timezone.utc).date()
    return f"{LAST_RUN}\n{day}, `./run test --all`.\n\n" + table(("of", "test", "counts"), rows)


def main(arguments):
    there = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if arguments[:1] == ["write"]:
        PAGE.write_text(first_part() + last_part(arguments[1:]), encoding="utf-8")
    elif arguments == ["show"]:
        at = there.find(LAST_RUN)
        sys.stdout.write(first_part() + (there[at:] if at >= 0 else ""))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
