# SPDX-License-Identifier: EUPL-1.2
"""./run bench [PART...] [--quick] [--seconds N]: measures the release build; prints figures,
judges nothing. Without parts: all but soak. How: docs/performance.md."""
import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
# pylint: disable=wrong-import-position
import conf
import consumers
import intake
import measure
import quality
import science
from broker import Broker, free_port
from world import (CACHE, FILL_ROWS, FILL_START, LATER, ROUND_S, WORK, copy_store, filled_store, head,
                   make_conf, program, publish, say)


# --- the store that holds 10 million observations already ---

def part_store(_options):
    head("store: 10 million observations of 10,000 series, by the store's own writer")
    folder = filled_store()
    lines = [line.split() for line in (folder / "figures").read_text(encoding="ascii").splitlines()]
    millions = [line for line in lines if line[0] == "million"]
    first, last = millions[0], millions[-1]
    say("first million, observations/s (CPU us each)", f"{first[5]} ({first[3]})")
    say("last million", f"{last[5]} ({last[3]})")
    print("  CPU us of each, by million: " + " ".join(line[3] for line in millions))
    say("last / first, by rate", f"{float(last[5]) / float(first[5]):.2f}", "at least 0.9")
    say("last / first, by CPU (other work does not count)", f"{float(first[3]) / float(last[3]):.2f}")
    say("bytes written to disk an observation", lines[-1][5], "at most 1000")
    size = measure.size_of(folder / "hub.db")
    say("bytes of hub.db an observation, backlog", f"{size / FILL_ROWS:.1f}", "at most 36")


def part_live(options):
    head("live: one message of 4 observations a batch, as at 10 messages/s")
    rows = 200_000 if options.quick else 800_000
    folder = WORK / "live"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = program("store", "live", make_conf("conf-live", "json", 1883), folder, rows, FILL_START)
    say("bytes of hub.db an observation, live", f"{measure.size_of(folder / 'hub.db') / rows:.1f}", "at most 36")
    say("bytes written to disk an observation", lines[-1][5])


# --- sinks and hub at one broker ---

def measure_round(broker, all_of_them, kind, count, number, figures):
    for consumer in all_of_them:
        if consumer.name == "commit":  # slow: it takes few, the rest is forgotten
            consumer.leave_session()
    rate = publish(broker, kind, count, LATER + number * ROUND_S)
    print(f"  round {number + 1}: published {count} at {rate:.0f}/s", end="", flush=True)
    for consumer in all_of_them:
        want = count // 20 if consumer.name == "commit" else count
        consumer.run(broker, want)
        row = figures.setdefault(consumer.name, {"rate": [], "cpu": [], "rss": [], "wal": []})
        row["rate"].append(want / consumer.seconds)
        row["cpu"].append(consumer.cpu_us)
        row["rss"].append(consumer.rss_mib)
        row["wal"].append(consumer.wal_mb)
        print(f"; {consumer.name} {want / consumer.seconds:.0f}/s {consumer.cpu_us:.1f} us", end="", flush=True)
    print(flush=True)


def ratios(figures, name, what):
    """By round: what other programs do to the machine changes from one to the next."""
    return measure.median([a / b for a, b in zip(figures[name][what], figures["noop"][what])])


def print_rates(figures, targets):
    print(f"\n  {'medians':<10}{'messages/s':>12}{'x no-op':>9}{'CPU us':>9}{'x no-op':>9}   targets")
    for name, row in figures.items():
        print(f"  {name:<10}{measure.median(row['rate']):>12.0f}{ratios(figures, name, 'rate'):>9.2f}"
              f"{measure.median(row['cpu']):>9.1f}{ratios(figures, name, 'cpu'):>9.2f}   {targets.get(name, '')}")
    print()
    say("hub: highest RSS, MiB", f"{max(figures['hub']['rss']):.1f}", "at most 32")
    say("hub: largest inbox WAL, MB", f"{max(figures['hub']['wal']):.1f}", "at most 64")


def measure_all(kind, count, rounds, targets):
    data = copy_store("data-" + kind)
    with Broker(persistent=False) as broker:
        folder = make_conf("conf-" + kind, kind, broker.port)
        filters = conf.SOURCES[kind]["subscribe"][0]
        sinks = [consumers.Sink(mode, broker.port, filters, WORK) for mode in ("noop", "commit", "inbox")]
        hub = consumers.Hub(folder, data)
        all_of_them = [*sinks, hub]
        for consumer in all_of_them:
            consumer.leave_session()
        figures = {}
        for number in range(rounds):
            measure_round(broker, all_of_them, kind, count, number, figures)
        print_rates(figures, targets)
        cursor = measure.Cursor(data)
        each = {"json": 4, "ttn": 6}[kind]
        missing = FILL_ROWS + each * count * rounds - cursor.observations()
        cursor.close()
        say("observations that should be there and are not", missing, "0")


def part_json(options):
    count = 50_000 if options.quick else 200_000
    head(f"json: {count} messages of 240 bytes with 4 readings wait at the broker; 700 devices, QoS 1")
    measure_all("json", count, options.rounds, {
        "inbox": "at least 0.85 of the messages/s",
        "hub": "at least 0.45 of the messages/s, at most 3.5 times the CPU"})


def part_ttn(options):
    count = 20_000 if options.quick else 50_000
    head(f"ttn: {count} messages of 2.3 kB of The Things Stack, 6 observations each")
    measure_all("ttn", count, options.rounds, {
        "hub": "at least 0.15 of the messages/s, at most 9 times the CPU"})


# --- starts ---

def part_start(options):
    head("start: until the control socket answers; 2,500 device files, 10 million observations")
    count = 50_000 if options.quick else 200_000
    data = copy_store("data-start")
    with Broker(persistent=False) as broker:
        hub = consumers.Hub(make_conf("conf-start", "json", broker.port), data)
        hub.leave_session()
        clean, killed = [], []
        for _ in range(options.rounds):
            hub.start()
            clean.append(hub.start_s)
            hub.stop()
        for number in range(options.rounds):
            publish(broker, "json", count, LATER + number * ROUND_S)
            cursor = measure.Cursor(data)
            first = cursor.read()
            hub.start()
            measure.wait_until(lambda c=cursor, f=first: c.read() > f + count // 4, 60)
            cursor.close()
            hub.kill()
            hub.start()
            killed.append(hub.start_s)
            hub.stop()
    say("after a clean stop, s (median)", f"{measure.median(clean):.3f}", "at most 0.2")
    say("after kill -9 in a backlog, s (median)", f"{measure.median(killed):.3f}", "at most 0.3")


# --- files, and one message alone ---

def part_csv(_options):
    head("csv: files of a month")
    for line in program("export_csv"):
        print("  " + " ".join(line))
    data = copy_store("data-csv")
    folder = make_conf("conf-csv", "json", free_port(), datasets=True)
    hub = consumers.Hub(folder, data)
    hub.start()  # this makes the configuration the accepted one
    hub.stop()
    print_export(folder, data)


def print_export(folder, data):
    begin = time.monotonic()
    subprocess.run([str(consumers.BIN / "kogge"), "export", "--config", str(folder), "--data", str(data)], check=True)
    seconds = time.monotonic() - begin
    files = sorted((data / "export").rglob("*.csv"))
    lines = 0
    for path in files:
        with open(path, "rb") as f:
            lines += sum(block.count(b"\n") for block in iter(lambda f=f: f.read(1 << 20), b"")) - 1
    say("kogge export from the store, files", str(len(files)))
    say("rows", str(lines))
    say("rows/s", f"{lines / seconds:.0f}", "at least 1200000")


# --- history from a file ---

def history(path, rows, shift):
    """One device every minute from 2021 on; shift: so many rows less at the start."""
    first = 1609459200
    with open(path, "w", encoding="ascii") as file:
        file.write("time," + ",".join(field for field, _, _ in conf.FIELDS) + "\n")
        for row in range(shift, rows):
            text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first + 60 * row))
            file.write(f"{text},{row % 2500 / 100},{row % 300 / 10},{row % 90 / 100},{row % 130 / 10}\n")


def part_import(options):
    rows = 100_000 if options.quick else 1_000_000
    head(f"import: {rows} rows of 4 values, into a running hub")
    folder, data, path = make_conf("conf-import", "json", free_port()), WORK / "import", WORK / "history.csv"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    hub = consumers.Hub(folder, data)
    hub.start()
    messages = 0
    for name, shift in (("", 0), (" of duplicates", 500)):
        history(path, rows, shift)
        begin = time.monotonic()
        subprocess.run([str(consumers.BIN / "kogge"), "import", "--data", str(data), "--quiet", "--source", "bench-json-0",
                        "--device", conf.device(0)[1]["device"], str(path)], check=True)
        queued_s = time.monotonic() - begin
        messages += (rows - shift + 999) // 1000
        cursor = measure.Cursor(data)
        measure.wait_until(lambda c=cursor, m=messages: c.read() >= m, 3600)
        cursor.close()
        stored_s = time.monotonic() - begin
        say(f"rows/s{name} until queued", f"{(rows - shift) / queued_s:.0f}", "at least 100000")
        say(f"values/s{name} until worked off", f"{4 * (rows - shift) / stored_s:.0f}")
    say("highest RSS, MiB", f"{measure.highest_rss_mib(hub.process.pid):.1f}", "at most 48")
    hub.stop()


def part_work(options):
    head("work: CPU us of one message, without broker; each row holds those above it but inbox")
    for kind, count in (("json", 100_000), ("ttn", 20_000)):
        data = WORK / ("work-" + kind)
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        count = count // 4 if options.quick else count
        for name, figure in program("work", make_conf("conf-work", kind, 1883), data, kind, count, LATER):
            say(f"{kind}: {name}", figure)


def part_recompute(options):
    head("recompute: a period anew beside a running hub")
    count = 50_000 if options.quick else 500_000
    data = WORK / "recompute"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    folder = make_conf("conf-recompute", "json", free_port())
    program("work", folder, data, "json", count, LATER)
    hub = consumers.Hub(folder, data)
    hub.start()

    def measured(what, code, *more):
        words = ["recompute", "--from", "2020-01-01T00:00:00Z", "--to", "2040-01-01T00:00:00Z", "--json",
                 "--config", str(folder), "--data", str(data), *more]
        cpu, start = measure.cpu_us(hub.process.pid), time.monotonic()
        done = subprocess.run([str(consumers.BIN / "kogge"), *words], stdout=subprocess.PIPE, check=False)
        if done.returncode != code:
            raise RuntimeError(f"{words}: exit code {done.returncode}")
        passed = time.monotonic() - start
        cpu = (measure.cpu_us(hub.process.pid) - cpu) / (4 * count)
        say(f"{what}, observations/s", f"{4 * count / passed:,.0f}", "at least 250,000")
        say(f"{what}, CPU us an observation", f"{cpu:.2f}")

    def mend(field, unit):
        model = conf.model()
        for entry in model["fields"]:
            if field in (entry["field"], "all"):
                entry["unit"] = unit.get(entry["unit"], entry["unit"])
        conf.put(folder / "devices" / "bench-water.json", model)
        subprocess.run([str(consumers.BIN / "kogge"), "reload", "--quiet", "--config", str(folder), "--data",
                        str(data)], check=True)

    measured("told, nothing differs", 0)
    mend("/temperature", {"degC": "K"})
    measured("told, one in four differs", 3)
    measured("applied, one in four differs", 0, "--apply")
    mend("all", {"degC": "degF", "mS/cm": "S/m", "m": "cm", "mg/L": "g/L"})
    measured("applied, all differ", 0, "--apply")
    say("RSS of the hub, MiB", f"{measure.highest_rss_mib(hub.process.pid):.0f}")
    hub.stop()


# --- the books ---

def booked_store():
    """10 million observations and the 2.5 million messages that they came with."""
    folder = CACHE / "booked"
    conf_folder = make_conf("conf-booked", "json", free_port())
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        program("work", conf_folder, folder, "json", FILL_ROWS // 4, FILL_START)
        (folder / "done").touch()
    hub = consumers.Hub(conf_folder, folder)
    hub.start()  # a store of an older program is brought up to date
    hub.stop()
    return folder


def part_audit(options):
    head("audit: 10 million observations, 2.5 million messages in the inbox")
    command = [str(consumers.BIN / "kogge"), "audit", "--data", str(booked_store())]
    seconds, cpu_s, rss_mib = [], [], []
    for _ in range(options.rounds):
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.monotonic() - begin)
        if status != 0:
            raise RuntimeError("the books of the bench do not balance")
        cpu_s.append(usage.ru_utime + usage.ru_stime)
        rss_mib.append(usage.ru_maxrss / 1024)
    say("s (median)", f"{measure.median(seconds):.2f}", "at most 4")
    say("CPU s", f"{measure.median(cpu_s):.2f}")
    say("highest RSS, MiB", f"{max(rss_mib):.1f}", "at most 32")


# --- science ---

def science_grids(options):
    """All six grids anew: of samples in memory, and of a store into grids.db."""
    rows = 1_000_000 if options.quick else FILL_ROWS
    line, = program("grid", "rows", rows)
    say(f"grids of {rows} samples in memory, s", line[3], "at most 30 for 10 million")
    say("CPU us a sample", f"{float(line[5]) * 1e6 / rows:.2f}")
    say("bytes a sample, packed", f"{float(line[9]) / rows:.1f}")
    data = copy_store("data-grids")
    line, = program("grid", "store", make_conf("conf-grids", "json", free_port()), data)
    say(f"grids.db of {FILL_ROWS} observations, s", line[3], "at most 30")
    say("CPU s", line[5])
    size = measure.size_of(data / "grids.db")
    say("bytes of grids.db an observation", f"{size / FILL_ROWS:.1f}")


def part_science(options):
    science.part_science(options)
    head("science: what is computed of observations")
    science_grids(options)


PARTS = {"store": part_store, "json": part_json, "ttn": part_ttn, "start": part_start,
         "live": part_live, "csv": part_csv, "work": part_work, "import": part_import,
         "audit": part_audit, "recompute": part_recompute, "science": part_science, "qc": quality.part_qc,
         "limits": intake.part_limits, "stock": intake.part_stock, "catchup": intake.part_catchup,
         "soak": intake.part_soak}


def main():
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="fewer messages, one round")
    parser.add_argument("--rounds", type=int, help="of sinks and hub (5)")
    parser.add_argument("--only", action="append", choices=PARTS, default=[], help="the same as PART")
    parser.add_argument("--seconds", type=int, help="of stock (60) and soak (1800)")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start; "
          "compare CPU and ratios: messages/s swing with the machine")
    wanted = options.parts + options.only
    for name, part in PARTS.items():
        if name in wanted or not wanted and name != "soak":
            part(options)


if __name__ == "__main__":
    main()
