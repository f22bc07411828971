#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The books of ./run test: one line a result, part<TAB>name<TAB>status<TAB>reason.

  results.py book PART JUNIT BOOK      adds ctest's JUnit file; prints what failed
  results.py part PART BOOK CODE MIN   prints the part's line; exit 1 if it failed
  results.py total BOOK                prints failures, skips and, last, the total
"""
import os
import re
import sys
import xml.etree.ElementTree as xml

SKIP = re.compile(r"^\s*SKIP ([^:\s]+): *(.*)$", re.MULTILINE)
# Only what no script can install may be missing.
NO_DATA = re.compile(r"reference data|shared.data", re.IGNORECASE)
NO_DEVICE = re.compile(r"\bno device\b|mount is not permitted", re.IGNORECASE)
TAIL = 40


def read(book):
    with open(book, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines]


def write(book, rows):
    with open(book, "a", encoding="utf-8") as out:
        for row in rows:
            out.write("\t".join(re.sub(r"\s+", " ", cell) for cell in row) + "\n")


def rows_of_case(part, case):
    """A program that passed may have said SKIP of some of its tests."""
    name = case.get("name")
    output = case.findtext("system-out") or ""
    skips = SKIP.findall(output)
    if case.get("status") == "fail" or case.find("failure") is not None:
        tail = output.rstrip().splitlines()[-TAIL:]
        print(f"FAIL {name} ({part})", *tail, sep="\n  ")
        return [(part, name, "failed", "see build/log/%s.log" % part)]
    if case.find("skipped") is not None or case.get("status") != "run":
        reason = skips[0][1] if skips else "no reason given"
        return [(part, name, "skipped", reason)]
    found = [(part, f"{name}/{what}", "skipped", why) for what, why in dict(skips).items()]
    return [(part, name, "passed", "")] + found


def book_junit(part, junit, book):
    rows = []
    for case in xml.parse(junit).getroot().iter("testcase"):
        rows += rows_of_case(part, case)
    write(book, rows)


def judge(rows):
    """A skip that is not allowed is a failure."""
    data = os.environ.get("SHARED_DATA", os.path.join("..", "shared", "data"))
    judged = []
    for part, name, status, reason in rows:
        if status == "skipped":
            missing_data = NO_DATA.search(reason) and not os.path.isdir(data)
            if not missing_data and not NO_DEVICE.search(reason):
                status, reason = "failed", f"skipped ({reason}), and must not here"
        judged.append((part, name, status, reason))
    return judged


def count(rows):
    return [sum(row[2] == what for row in rows) for what in ("passed", "failed", "skipped")]


def print_part(part, book, code, minutes):
    rows = [row for row in judge(read(book)) if row[0] == part]
    if not rows or (code != "0" and not any(row[2] == "failed" for row in rows)):
        why = f"ended early, see build/log/{part}.log" if code != "0" else "has no test"
        write(book, [(part, "part", "failed", why)])
        rows.append((part, "part", "failed", why))
    passed, failed, skipped = count(rows)
    print(f"  {passed} passed, {failed} failed, {skipped} skipped in {minutes} min", flush=True)
    return failed > 0


def print_total(book):
    rows = judge(read(book))
    for part, name, status, reason in rows:
        if status == "failed":
            print(f"FAIL {part} {name}: {reason}")
    for name, reason in sorted({(row[1], row[3]) for row in rows if row[2] == "skipped"}):
        print(f"SKIP {name}: {reason}")
    passed, failed, skipped = count(rows)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0 or passed == 0


def main(arguments):
    verbs = {"book": book_junit, "part": print_part, "total": print_total}
    return int(bool(verbs[arguments[0]](*arguments[1:])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
