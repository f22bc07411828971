#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Shows Kogge at work: a broker, the hub, simulated stations of seven cities, and a replay
of what network servers publish.

    demo.py [--for SECONDS] [--portal]

Ctrl-C (or SIGTERM) ends all of it. --for ends by itself, SECONDS after the first message
was stored, or with --portal after the portal's first answer. Exit code 0: each city has
data in the dataset, and with --portal the portal serves that file byte for byte; 1: not.
KOGGE_BIN names the folder of the programs (else the newest build is taken)."""
import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import demo_config
import demo_portal
import demo_watch
from demo_process import Fault, Processes, free_port

ROOT = Path(os.environ.get("KOGGE_ROOT") or Path(__file__).resolve().parents[2])
SUPPORT = Path(__file__).resolve().parent
HISTORY_S = 3 * 3600
ARRIVAL_S = 50  # the first report comes no later than this


def say(*words):
    print(*words, flush=True)


def find_programs():
    folders = [Path(os.environ["KOGGE_BIN"])] if os.environ.get("KOGGE_BIN") else []
    folders = folders or [ROOT / "build" / name for name in ("release", "dev")]
    for folder in folders:
        if (folder / "kogge").exists() and (folder / "kogge-node").exists():
            return folder.resolve()
    raise Fault(f"there is no kogge and kogge-node in {folders[0]}; build first: ./run demo does")


def make_folder():
    """build/demo, or a temporary folder if its name is too long for a Unix socket."""
    folder = ROOT / "build" / "demo"
    if len(str(folder)) > 70:
        return Path(tempfile.mkdtemp(prefix="kogge-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Demo:
    def __init__(self, options, processes):
        self.options, self.processes = options, processes
        self.programs = find_programs()
        self.folder = make_folder()
        self.portal = None
        self.clock_start = None  # of --for

    def start(self):
        demo_config.clean(self.folder)
        port = free_port()
        self.processes.log_folder = self.folder / "log"
        if self.options.portal:
            say("Starts a portal: a real CKAN. The first time its parts are installed (about 2 minutes).")
            self.portal = demo_portal.Portal(SUPPORT / "ckan", self.processes)
            self.portal.start()
            say(f"The portal answers: {self.portal.url}")
            self.clock_start = time.monotonic()
        self.config = demo_config.write(ROOT / "hub" / "conf", self.folder, port, self.portal)
        self.watch = demo_watch.Watch(self.programs / "kogge", self.config, self.folder)
        say(f"Starts a broker on port {port}, the hub, and {len(self.config.stations)} simulated stations in "
            f"{len(self.config.cities)} cities.")
        self.port = port
        self.start_processes()

    def start_processes(self):
        broker = f"mqtt://127.0.0.1:{self.port}"
        log = self.processes.start("broker", ["mosquitto", "-c", self.folder / "broker.conf"])
        self.processes.wait_for_text(log, "running", "the broker")
        self.processes.start("hub", [self.programs / "kogge", "run", "--config", self.config.folder])
        # Who publishes before the hub has subscribed publishes to nobody.
        for source in self.config.sources:
            self.processes.wait_for_text(log, f": {source} ", "the hub's subscription of " + source)
        self.processes.start("stations", [
            self.programs / "kogge-node", "--broker", broker, "--stations", self.folder / "stations.json",
            "--interval", "10", "--history", str(HISTORY_S)])
        self.processes.start("replay", [
            sys.executable, "-B", SUPPORT / "replay.py", "--broker", broker, "--interval", "5"])

    def run(self):
        """Watches until --for is over (or for ever); reports once all cities are there."""
        started, reported, last_line = time.monotonic(), False, time.monotonic()
        while not self.is_over():
            self.processes.check()
            self.watch.look()
            now = time.monotonic()
            if self.clock_start is None and self.watch.has_anything():
                self.clock_start = now
            if not reported and (not self.watch.missing() or now - started > ARRIVAL_S):
                reported, last_line = True, now
                self.report()
            elif reported and now - last_line > 60:
                last_line = now
                say(f"{time.strftime('%H:%M:%S')}  {self.watch.total():,} values in the dataset. Ctrl-C ends.")
            self.processes.wait(2)
        if not reported:
            self.report()

    def is_over(self):
        if self.options.seconds is None:
            return False
        start = self.clock_start
        if start is None:  # nothing stored yet: give it time, but not for ever
            return time.monotonic() - self.processes.began > self.options.seconds + 120
        return time.monotonic() - start >= self.options.seconds

    def report(self):
        say("")
        self.watch.print_table()
        if self.portal:
            address = self.portal.wait_for_dataset(self.config.dataset, self.processes)
            say("")
            say(f"The dataset in the portal: {address}" if address else
                "The portal has no dataset yet; it is tried again. Why: the hub's log, below.")
        self.watch.print_next(self.programs / "kogge", self.port, self.portal)
        end = "" if self.options.seconds is None else f", or by itself after {self.options.seconds:g} s"
        say(f"\nRuns on. Ctrl-C ends all of it{end}.", "\n")

    def judge(self):
        """Ends the senders, exports once more, and says whether all is there."""
        self.processes.stop("stations")
        self.processes.stop("replay")
        self.watch.settle(self.processes)
        missing = self.watch.missing()
        if missing:
            say(f"Not in the dataset: {', '.join(missing)}. Why: {self.folder / 'log'}")
            return 1
        say(f"All {len(self.config.cities)} cities are in the dataset: {self.watch.total():,} values, {self.watch.file}")
        if self.portal:
            fault = self.portal.compare(self.config.dataset, self.watch.file, self.processes)
            if fault:
                say(f"The portal does not serve the dataset: {fault}")
                return 1
            say(f"The portal serves the same bytes: {self.portal.url}/dataset/{self.config.dataset}")
        return 0


def on_signal(number, _frame):
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # the end is not to be interrupted
    raise KeyboardInterrupt(number)


def main():
    parser = argparse.ArgumentParser(description="Shows Kogge at work, with simulated stations of seven cities.")
    parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS",
                        help="ends by itself, this long after the first message was stored")
    parser.add_argument("--portal", action="store_true", help="also starts a CKAN and publishes into it")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    processes, demo, code = Processes(), None, 1
    try:
        demo = Demo(options, processes)
        demo.start()
        demo.run()
        code = demo.judge()
    except KeyboardInterrupt as end:
        say("\nEnds.")
        code = 128 + end.args[0] if end.args else 130
    except (Fault, OSError) as fault:
        say(f"demo: {fault}")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        processes.stop_all()
        if demo and demo.portal:
            demo.portal.stop()
        if demo:
            say(f"Everything is stopped. Data and logs stay in {demo.folder} until the next demo.")
    return code


if __name__ == "__main__":
    sys.exit(main())
