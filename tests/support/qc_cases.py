# SPDX-License-Identifier: EUPL-1.2
"""Random series and tests for them, each from a seed and a number, so that one case can be
made again by itself."""
import math
import random
import statistics

TESTS = ("gross_range_test", "climatology_test", "spike_test", "rate_of_change_test",
         "flat_line_test", "attenuated_signal_test", "density_inversion_test", "location_test",
         "time_gap_test", "duplicate_timestamp_test")
TOGETHER = ("gross_range_test", "spike_test", "rate_of_change_test", "flat_line_test",
            "attenuated_signal_test", "time_gap_test")
KINDS = TESTS + ("aggregate",)
LOW_S, HIGH_S = -9.2e9, 9.2e9  # 1678 to 2261
NEAR = 1e-6  # of a threshold: there a standard deviation is not compared


def times(draw, count, may_go_back):
    """Seconds; some come twice, lie at tenths, go back or after a gap."""
    interval = draw.choice((1, 7, 60, 600, 3600))
    now = float(round(draw.uniform(LOW_S, HIGH_S - 1e8)))
    odd = draw.random() < 0.4
    made = []
    for _ in range(count):
        made.append(round(now, 1))
        step = interval
        if odd:
            kind = draw.random()
            step = (0 if kind < 0.06 else interval * draw.randint(2, 30) if kind < 0.12 else
                    round(interval * draw.uniform(0.5, 1.5), 1) if kind < 0.5 else
                    -round(interval * draw.uniform(0.1, 2), 1) if kind < 0.53 and may_go_back
                    else interval)
        now += step
    return made


def values(draw, count, with_infinite):
    """A walk in tenths or hundredths: it stands still, jumps, is missing in places."""
    digits = draw.choice((0, 1, 2, 3))
    step = draw.choice((0.1, 1, 5))
    lost, spikes = draw.choice((0, 0.02, 0.3)), draw.choice((0, 0.05))
    x, still = draw.uniform(-5, 30), 0
    made = []
    for _ in range(count):
        still = draw.randint(2, 20) if draw.random() < 0.05 else still - 1
        if still <= 0:
            x += draw.gauss(0, step)
        v = round(x + (draw.choice((-6, 6)) * step if draw.random() < spikes else 0), digits)
        kind = draw.random()
        made.append(None if kind < lost else
                    draw.choice(("inf", "-inf")) if with_infinite and kind > 0.995 else v)
    return made


def threshold(draw, seen):
    """Often exactly one of what is seen, to meet it."""
    if seen and draw.random() < 0.3:
        return draw.choice(seen)
    return draw.choice((0, 0.05, 0.1, 0.5, 1, 3, 10))


def numbers_of(column):
    return [v for v in column if isinstance(v, (int, float))]


def span(draw, column):
    there = numbers_of(column) or [0.0]
    return [draw.choice(there) if draw.random() < 0.5 else round(draw.uniform(-10, 40), 1)
            for _ in range(2)]


def inside(draw, outer):
    low, high = sorted(outer)
    return [round(draw.uniform(low, high), 6) if draw.random() < 0.7 else edge
            for edge in draw.sample([low, high], 2)]


def gross_range_test(draw, s):
    fail = span(draw, s["value"])
    config = {"fail_span": fail}
    if draw.random() < 0.7:
        low, high = sorted(fail)
        config["suspect_span"] = [min(max(v, low), high) for v in inside(draw, fail)]
    return config


def steps_of(column):
    return [round(abs(b - a), 9) for a, b in zip(column, column[1:])
            if isinstance(a, (int, float)) and isinstance(b, (int, float))]


def spike_test(draw, s):
    seen = [d for d in steps_of(s["value"]) + [d / 2 for d in steps_of(s["value"])] if d > 0]
    config = {"method": draw.choice(("average", "differential"))}
    for name in ("suspect_threshold", "fail_threshold"):
        if draw.random() < 0.85:
            config[name] = threshold(draw, seen)
    return config


def rate_of_change_test(draw, s):
    seen = [abs((b - a) / (v - u)) for a, b, u, v in
            zip(s["value"], s["value"][1:], s["time"], s["time"][1:])
            if isinstance(a, (int, float)) and isinstance(b, (int, float)) and u != v]
    config = {"threshold": threshold(draw, seen)}
    if draw.random() < 0.6:
        config["fail_threshold"] = threshold(draw, seen)
    return config


def interval_of(s):
    gaps = [b - a for a, b in zip(s["time"], s["time"][1:])]
    return math.floor(statistics.median(gaps)) if gaps else 0


def flat_line_test(draw, s):
    interval = max(interval_of(s), 1)
    config = {name: round(interval * draw.choice((0.5, 1, 2, 2.5, 3, 5, 12)), 1)
              for name in ("suspect_threshold", "fail_threshold")}
    if draw.random() < 0.9:
        config["tolerance"] = threshold(draw, steps_of(s["value"]))
    return config


def attenuated_signal_test(draw, s):
    interval = max(interval_of(s), 1)
    config = {"suspect_threshold": threshold(draw, steps_of(s["value"])),
              "fail_threshold": threshold(draw, steps_of(s["value"])),
              "check_type": draw.choice(("std", "range"))}
    if draw.random() < 0.9:
        config["test_period"] = interval * draw.choice((2, 3, 5, 12, 30))
        kind = draw.random()
        if kind < 0.5:
            config["min_obs"] = draw.randint(1, 6)
        elif kind < 0.8:
            config["min_period"] = interval * draw.choice((0.5, 1, 2.5, 4))
    return config


def density_inversion_test(draw, s):
    return {name: draw.choice((-3, -0.7, -0.1, -0.03, 0))
            for name in ("suspect_threshold", "fail_threshold") if draw.random() < 0.9}


def location_test(draw, s):
    return {"range_max": draw.choice((1, 1000, 1e5, 1e6))} if s["ranged"] else {}


def time_gap_test(draw, s):
    hours = (0.01, 0.5, 1, 2, interval_of(s) / 3600)
    return {"fail_span": draw.choice([h for h in hours if h > 0])} if draw.random() < 0.9 else {}


def duplicate_timestamp_test(draw, s):
    return {}


PERIODS = {"month": (1, 12), "dayofyear": (1, 366), "week": (1, 53), "quarter": (1, 4),
           "dayofweek": (0, 6), "year": (1700, 2250)}


def date_text(draw, s):
    """One of the series' times, or one near, as ISO 8601 in whole seconds."""
    days, rest = divmod(int(draw.choice(s["time"])) + draw.choice((0, 0, -86400, 3600)), 86400)
    z = days + 719468
    era, of_era = divmod(z, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    m = (5 * of_year + 2) // 153
    month = m + 3 if m < 10 else m - 9
    year += era * 400 + (month <= 2)
    return (f"{year:04d}-{month:02d}-{of_year - (153 * m + 2) // 5 + 1:02d}"
            f"T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}")


def climatology_test(draw, s):
    members = []
    for _ in range(draw.randint(1, 5)):
        member = {"vspan": span(draw, s["value"])}
        if draw.random() < 0.7:
            member["period"] = draw.choice(sorted(PERIODS))
            low, high = PERIODS[member["period"]]
            member["tspan"] = [draw.randint(low, high), draw.choice((low, high))]
        else:
            member["tspan"] = [date_text(draw, s), date_text(draw, s)]
        for name in ("fspan", "zspan"):
            if draw.random() < 0.4:
                member[name] = span(draw, s["z"] if name == "zspan" else s["value"])
        members.append(member)
    return {"members": members}


def positions(draw, count, whole):
    lat, lon = draw.uniform(-89, 89), draw.uniform(-179, 179)
    made = {"lat": [], "lon": []}
    for _ in range(count):
        lat, lon = lat + draw.gauss(0, 0.02), lon + draw.gauss(0, 0.02)
        for name, at, wild in (("lat", lat, 95), ("lon", lon, 200)):
            kind = draw.random()
            made[name].append(None if kind < 0.05 and not whole else
                              wild if kind > 0.98 else round(at, draw.choice((0, 2, 6))))
    return made


def make(seed, number):
    """Case of that number: a series with one test, or with several for their aggregate."""
    draw = random.Random(f"{seed} {number}")
    name = KINDS[number % len(KINDS)]
    names = draw.sample(TOGETHER, draw.randint(2, 5)) if name == "aggregate" else [name]
    count = draw.choice((1, 2, 3, 5, 12, 40, 120))
    s = {"number": number, "name": name,
         "time": times(draw, count, "attenuated_signal_test" not in names),
         "value": values(draw, count, True), "ranged": draw.random() < 0.6}
    depths = values(draw, count, False)
    s["z"] = [None if v is None else abs(round(v, 1)) for v in depths]
    if name == "climatology_test":  # what a missing depth gives differs by numpy's version
        s["z"] = [0.0 if z is None else z for z in s["z"]]
    s.update(positions(draw, count, s["ranged"]))
    s["config"] = {n: globals()[n](draw, s) for n in names}
    return s


# --- what is left out, by name ---

def spreads(s, config):
    """The standard deviation of each window, to as many digits as there are; None: no value."""
    period = config.get("test_period")
    whole = [v for v in numbers_of(s["value"])]
    for i, t in enumerate(s["time"]):
        window = whole if period is None else numbers_of(
            v for u, v in zip(s["time"][:i + 1], s["value"]) if u > t - period)
        if not window:
            yield None
            continue
        mean = math.fsum(window) / len(window)
        yield math.sqrt(math.fsum((v - mean) ** 2 for v in window) / len(window))


def near_threshold(s):
    """Points whose standard deviation lies within NEAR of a threshold."""
    config = s["config"].get("attenuated_signal_test", {})
    if config.get("check_type") != "std":
        return set()
    limits = [config["suspect_threshold"], config["fail_threshold"]]
    return {i for i, v in enumerate(spreads(s, config))
            if v is not None and any(abs(v - limit) <= NEAR * limit for limit in limits if limit > 0)}


def left_out(s):
    """Why the reference can't be asked about this case; None: it can."""
    count = len(s["time"])
    if count == 1 and "time_gap_test" in s["config"]:
        return "time gap of one point (ioos_qc raises)"
    attenuated = s["config"].get("attenuated_signal_test", {})
    by_interval = "min_period" in attenuated
    if by_interval and count == 1:
        return "min_period of one point (ioos_qc raises)"
    if (by_interval or ("flat_line_test" in s["config"] and count >= 3)) and interval_of(s) < 1:
        return "median interval below a second (ioos_qc raises)"
    return None
