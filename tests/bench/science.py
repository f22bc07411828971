# SPDX-License-Identifier: EUPL-1.2
"""What is computed of the numbers: quality tests beside ioos_qc on the same series."""
import subprocess

import consumers
from world import ROOT, WORK, head, program, say

PYTHON = ROOT / ".cache" / "venv" / "bin" / "python"
POINTS = 1_000_000

# Runs where ioos_qc is installed: name, CPU seconds and flags other than 1 of each test.
REFERENCE = """
import sys
import time
import warnings
import numpy
from ioos_qc import qartod
warnings.simplefilter("ignore")
value = numpy.fromfile(sys.argv[1])
times = (numpy.datetime64("2020-01-01") + numpy.arange(value.size) * numpy.timedelta64(600, "s")
         ).astype("datetime64[ns]")
for name, run in (
        ("gross_range", lambda: qartod.gross_range_test(value, (-3, 4), (-1.6, 2))),
        ("spike", lambda: qartod.spike_test(value, 0.1, 0.2)),
        ("rate_of_change", lambda: qartod.rate_of_change_test(value, times, 0.5 / 3600, 1 / 3600)),
        ("flat_line", lambda: qartod.flat_line_test(value, times, 10800, 18000, 0.001)),
        ("attenuated_std", lambda: qartod.attenuated_signal_test(
            value, times, 0.01, 0.002, test_period=43200, min_obs=36, check_type="std")),
        ("attenuated_range", lambda: qartod.attenuated_signal_test(
            value, times, 0.03, 0.005, test_period=43200, min_obs=36, check_type="range"))):
    begin = time.process_time()
    flags = numpy.ma.getdata(run())
    print(name, time.process_time() - begin, int((flags != 1).sum()))
"""


def reference_rows():
    """Empty where ioos_qc is not installed."""
    series = WORK / "qc.f64"
    with open(series, "wb") as file:
        subprocess.run([str(consumers.BIN / "tests" / "bench_qc"), "--write"], stdout=file, check=True)
    if not PYTHON.exists() or subprocess.run([str(PYTHON), "-c", "import ioos_qc"], stderr=subprocess.DEVNULL,
                                             check=False).returncode != 0:
        return {}
    done = subprocess.run([str(PYTHON), "-c", REFERENCE, str(series)], stdout=subprocess.PIPE, text=True, check=True)
    return {name: (float(cpu), int(odd)) for name, cpu, odd in map(str.split, done.stdout.splitlines())}


def part_science(_options):
    head(f"science: six quality tests on {POINTS} water levels of 10 minutes, CPU of one core")
    ours = {name: (float(cpu), int(odd)) for name, cpu, odd in program("qc")}
    theirs = reference_rows()
    for name, (cpu, odd) in ours.items():
        other = f"{theirs[name][0] / cpu:.0f} times ioos_qc; flags but 1: {odd}, {theirs[name][1]}" if theirs else ""
        say(f"{name}, observations/s", f"{POINTS / cpu:.0f}", other)
    ours_s = sum(cpu for cpu, _ in ours.values())
    say("all six together, observations/s", f"{POINTS / ours_s:.0f}", "at least 3000000")
    if not theirs:
        print("  SKIP ioos_qc: it is not installed in .cache/venv")
        return
    theirs_s = sum(cpu for cpu, _ in theirs.values())
    say("ioos_qc, observations/s", f"{POINTS / theirs_s:.0f}")
    say("times ioos_qc", f"{theirs_s / ours_s:.1f}", "at least 15")
