# SPDX-License-Identifier: EUPL-1.2
"""Looks at what arrived: the dataset's file is the truth."""
import csv
import shlex
import shutil
import subprocess
import time
from datetime import datetime, timezone

from demo_process import Fault


class Watch:
    def __init__(self, kogge, config, folder):
        self.kogge, self.config, self.folder = kogge, config, folder
        self.file = folder / "data" / "export" / config.dataset / f"{config.dataset}-current.csv"
        self.counts, self.latest, self.seen = {}, {}, None

    def verb(self, *words, timeout_s=120):
        """Returns exit code and what it said on stderr."""
        done = subprocess.run([str(self.kogge), *words, "--config", str(self.config.folder)], capture_output=True,
                              text=True, timeout=timeout_s, stdin=subprocess.DEVNULL, start_new_session=True)
        return done.returncode, done.stderr.strip()

    def look(self):
        """Has the files brought up to date and counts the dataset's rows by city."""
        self.verb("export")
        try:
            state = self.file.stat()
        except FileNotFoundError:
            return
        if self.seen == (state.st_mtime_ns, state.st_ino):
            return
        self.seen = (state.st_mtime_ns, state.st_ino)
        self.counts, self.latest = {}, {}
        with open(self.file, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                self.count(row)

    def count(self, row):
        city = row["city"]
        self.counts[city] = self.counts.get(city, 0) + 1
        key = (city, row["parameter"])
        if key not in self.latest or row["time"] > self.latest[key]["time"]:
            self.latest[key] = row

    def has_anything(self):
        return bool(self.counts)

    def total(self):
        return sum(self.counts.values())

    def missing(self):
        return [title for city, title in self.config.cities.items() if not self.counts.get(city)]

    def print_table(self):
        print("What arrived, by city:")
        print(f"  {'city':<16}{'values':>9}  {'newest (UTC)':<22}{'water level':<22}{'water temperature'}")
        for city, title in self.config.cities.items():
            rows = [row for (place, _), row in self.latest.items() if place == city]
            if not rows:
                print(f"  {title:<16}{'nothing yet':>9}")
                continue
            newest = max(row["time"] for row in rows)[:19].replace("T", " ")
            level = self.shown(city, "water_level") or self.shown(city, "gauge_level")
            print(f"  {title:<16}{self.counts[city]:>9,}  {newest:<22}{level:<22}{self.shown(city, 'water_temperature')}")

    def shown(self, city, parameter):
        row = self.latest.get((city, parameter))
        if row is None or not row["value"]:
            return ""
        unit = {"degC": "°C"}.get(row["unit"], row["unit"])
        datum = {"": ""}.get(row["datum"], " " + row["datum"])
        digits = 2 if unit == "m" else 1
        return f"{float(row['value']):.{digits}f} {unit}{datum}"

    def print_next(self, kogge, port, portal):
        config = shlex.quote(str(self.config.folder))
        kogge = shlex.quote(str(kogge))
        print("\nWhere the files are:")
        print(f"  dataset        {self.file.parent}")
        print(f"  configuration  {self.config.folder}")
        print(f"  logs           {self.folder / 'log'}")
        print("\nWhat to try next, in another terminal:")
        print(f"  {kogge} status --config {config}")
        print(f"  {kogge} devices --config {config}")
        row = next((self.latest[key] for key in sorted(self.latest) if key[1] == "water_temperature"), None)
        if row:
            print(f"  {kogge} trace {row['station']} {row['parameter']} {row['time']} --config {config}")
        print(f"  tail -n 5 {shlex.quote(str(self.file))}")
        if shutil.which("mosquitto_pub"):
            print(f"  mosquitto_pub -p {port} -q 1 -t pegel/new-sensor/W -m 511    # a sensor that nobody registered")
        print(f"  {kogge} devices pending --config {config}")
        if portal:
            print(f"  {kogge} publish --once --config {config}")

    def settle(self, processes, timeout_s=60):
        """Until two looks, some seconds apart, show the same."""
        until = time.monotonic() + timeout_s
        before = None
        while time.monotonic() < until:
            self.look()
            if self.counts and self.counts == before:
                return
            before = dict(self.counts)
            processes.check()
            processes.wait(1.5)
        if not self.counts:
            code, said = self.verb("export")
            stamp = datetime.now(timezone.utc).strftime("%H:%M:%S UTC")
            raise Fault(f"there is no dataset file {self.file} at {stamp}; kogge export ended with {code}: {said}")
