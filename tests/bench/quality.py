# SPDX-License-Identifier: EUPL-1.2
"""The quality tests judged by an operator's own flags: a year of an estuary every 15 minutes
(SHARED_DATA/series/nerr-apacpwq-2012.csv). How it is counted: docs/science.md."""
import csv
import json
import os
import re
import subprocess
from pathlib import Path

import consumers
from world import ROOT, WORK, head, say

SERIES = (Path(os.environ.get("SHARED_DATA") or ROOT / "../shared/data") /
          "series" / "nerr-apacpwq-2012.csv")
SUSPECT, REJECTED = 1, -3
# Column: our parameter, factor to its unit.
PARAMETERS = {"temp": ("water_temperature", 1), "spcond": ("ec25", 1000), "sal": ("salinity", 1),
              "do_pct": ("oxygen_saturation", 1), "do_mgl": ("oxygen", 1), "depth": ("water_level", 1),
              "ph": ("ph", 1), "turb": ("turbidity_ntu", 1)}
RUNS, RECALL, TIMES = 20, 0.6, 1.3  # where a target is set, and which


class Series:
    """One column: times, values (None: missing), levels of the operator, months."""

    def __init__(self, rows, column):
        factor = PARAMETERS[column][1]
        self.times = [row["time_utc"] for row in rows]
        self.values = [float(row[column]) * factor if row[column] else None for row in rows]
        self.levels = [int(re.match(r"<(-?\d+)>", row["f_" + column])[1]) for row in rows]
        self.months = [time[:7] for time in self.times]
        if column == "depth":  # of the sonde; a level of ours counts from mean water
            there = [value for value in self.values if value is not None]
            mean = sum(there) / len(there)
            self.values = [value if value is None else value - mean for value in self.values]

    def write(self, path, months):
        with open(path, "w", encoding="ascii") as file:
            file.write("time,value\n")
            for time, value, month in zip(self.times, self.values, self.months):
                if month in months:
                    file.write(f"{time},{'' if value is None else repr(value)}\n")
        return path


def kogge(*words):
    done = subprocess.run([str(consumers.BIN / "kogge"), "qc", *map(str, words), "--quiet"],
                          stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def flagged(tests, mode, path):
    """Of each row: whether it is suspect or failed."""
    rows = kogge("--tests", tests, "--mode", mode, path).splitlines()[1:]
    return [row.rsplit(",", 1)[1] in "34" for row in rows]


def shipped(column):
    """The tests file that parameters.json makes."""
    with open(ROOT / "hub" / "conf" / "parameters.json", encoding="utf-8") as file:
        entries = {entry["id"]: entry for entry in json.load(file)["parameters"]}
    tests = {name: test for name, test in entries[PARAMETERS[column][0]]["tests"].items() if name != "source"}
    path = WORK / "qc-shipped.json"
    path.write_text(json.dumps(tests), encoding="ascii")
    return path


def written(series, whole):
    """Each month by a tests file that was written from the other months; the values before
    it stand before it, as in a hub."""
    months = sorted(set(series.months))
    files = {month: series.write(WORK / f"qc-{month}.csv", [month]) for month in months}
    tests, flags = WORK / "qc-written.json", [False] * len(series.times)
    for month in months:
        tests.write_text(kogge("thresholds", *(files[m] for m in months if m != month)), encoding="ascii")
        judged = flagged(tests, "hub", whole)
        flags = [new if m == month else old for new, old, m in zip(judged, flags, series.months)]
    return flags


def runs(marks):
    """Where marks stand side by side: (first, behind the last)."""
    found, begin = [], None
    for i, mark in enumerate([*marks, False]):
        if mark and begin is None:
            begin = i
        elif not mark and begin is not None:
            found.append((begin, i))
            begin = None
    return found


def part(of, whole):
    return of / whole if whole else float("nan")


class Score:
    """By value: precision (also without those that the operator calls suspect) and recall. By
    event, a run of rejected rows: how many there are, and were found. Alarms: runs of flagged
    rows, and those without a rejected one."""

    def __init__(self, series, flags):
        rejected = [level == REJECTED for level in series.levels]
        there = [value is not None for value in series.values]
        hits = sum(f and r for f, r in zip(flags, rejected))
        doubtful = sum(f and level == SUSPECT for f, level in zip(flags, series.levels))
        alarms, events = runs(flags), runs(rejected)
        self.precision = part(hits, sum(flags))
        self.precision_lenient = part(hits, sum(flags) - doubtful)
        self.recall = part(hits, sum(r and t for r, t in zip(rejected, there)))
        self.events = len(events)
        self.found = sum(any(flags[a:b]) for a, b in events)
        self.alarms = len(alarms)
        self.false = sum(not any(rejected[a:b]) for a, b in alarms)

    def print(self, column, what):
        print(f"  {column:<8}{what:<20}{self.precision:>10.3f}{self.precision_lenient:>12.3f}{self.recall:>8.3f}"
              f"{self.events:>8}{self.found:>7}{self.alarms:>8}{self.false:>7}", flush=True)


def part_qc(_options):
    head("qc: tests against the operator's flags, one estuary, 2012; rejected is the truth")
    if not SERIES.exists():
        print(f"  SKIP qc: {SERIES.name} is not in SHARED_DATA/series")
        return
    with open(SERIES, encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    print(f"  {'':<28}{'precision':>10}{'no suspect':>12}{'recall':>8}{'events':>8}{'found':>7}"
          f"{'alarms':>8}{'false':>7}")
    targets = []
    for column in PARAMETERS:
        series = Series(rows, column)
        whole = series.write(WORK / "qc-whole.csv", set(series.months))
        tests = shipped(column)
        reference = Score(series, flagged(tests, "reference", whole))
        own = Score(series, written(series, whole))
        reference.print(column, "reference")
        Score(series, flagged(tests, "hub", whole)).print(column, "hub")
        own.print(column, "hub, other months")
        if reference.events >= RUNS and reference.recall < RECALL:
            targets.append((column, reference, own))
    for column, reference, own in targets:
        say(f"{column}: recall by thresholds of other months", f"{part(own.recall, reference.recall):.2f} times",
            f"at least {TIMES}")
        say("   precision, the same", f"{part(own.precision, reference.precision):.2f} times", "at least 1")
        say("   without the suspect ones",
            f"{part(own.precision_lenient, reference.precision_lenient):.2f} times", "at least 1")
