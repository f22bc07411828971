# SPDX-License-Identifier: EUPL-1.2
"""The flags of ioos_qc: reads series with tests as JSON, one a line, and writes their flags,
one a line. Runs where ioos_qc is installed, in .cache/venv."""
import json
import sys
import warnings

import numpy
from ioos_qc import argo, qartod

warnings.simplefilter("ignore")
numpy.seterr(all="ignore")


def numbers(column):
    return numpy.array([numpy.nan if v is None else float(v) for v in column])


def climatology(series, config):
    """Of the points that are there: missing values are 9 by the rule that is compared."""
    value = numbers(series["value"])
    there = numpy.isfinite(value)
    flags = numpy.full(value.size, 9)
    if there.any():
        z = numbers(series["z"])[there]
        flags[there] = qartod.climatology_test(
            config["members"], value[there], series["time"][there], z)
    return flags


def judge(name, series, config):
    time = series["time"]
    if name == "climatology_test":
        return climatology(series, config)
    if name == "density_inversion_test":
        return qartod.density_inversion_test(numbers(series["value"]), numbers(series["z"]), **config)
    if name == "location_test":
        return qartod.location_test(numbers(series["lon"]), numbers(series["lat"]), **config)
    if name == "time_gap_test":
        return qartod.time_gap_test(time, **config)
    if name == "duplicate_timestamp_test":
        return argo.duplicate_timestamp_test(time)
    value = numbers(series["value"])
    if name in ("gross_range_test", "spike_test"):
        return getattr(qartod, name)(value, **config)
    return getattr(qartod, name)(value, time, **config)


def answer(series):
    series["time"] = numpy.array([round(t * 1e6) for t in series["time"]],
                                 dtype="datetime64[us]").astype("datetime64[ns]")
    flags = {name: numpy.ma.getdata(judge(name, series, config)).astype(int)
             for name, config in series["config"].items()}
    flags["aggregate"] = numpy.ma.getdata(qartod.qartod_compare(list(flags.values())))
    return {name: [int(v) for v in found] for name, found in flags.items()}


for line in sys.stdin:
    try:
        said = answer(json.loads(line))
    except Exception as e:  # pylint: disable=broad-except # what it raises is its answer
        said = {"problem": f"{type(e).__name__}: {e}"}
    print(json.dumps(said), flush=False)
