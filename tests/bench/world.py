# SPDX-License-Identifier: EUPL-1.2
"""What the parts of the bench share: where they work, how they print, and the stores and
messages that they begin with."""
import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import conf
import consumers

ROOT = Path(os.environ.get("KOGGE_ROOT", Path(__file__).parents[2]))
CACHE = ROOT / ".cache" / "bench"
WORK = ROOT / "build" / "bench"
FILL_ROWS = 10_000_000
FILL_START = 1759276800  # 2025-10-01: a week within one month
LATER = 1762000000       # what is published comes after it
ROUND_S = 30 * 86400     # each round has times of its own


def say(what, figure, target=""):
    print(f"  {what:<46} {figure:>14}   {target}", flush=True)


def head(text):
    print(f"\n{text}", flush=True)


def program(name, *arguments):
    command = [str(consumers.BIN / "tests" / ("bench_" + name)), *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [line.split() for line in done.stdout.splitlines()]


def make_conf(name, kind, port, **others):
    """others: as conf.write_hub."""
    folder = WORK / name
    conf.write(folder)
    conf.write_hub(folder, kind, port, **others)
    return folder


def filled_store():
    """Made once, kept in .cache/bench; anew if the schema is another."""
    folder = CACHE / "filled"
    if (folder / "figures").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = program("store", "fill", make_conf("conf-fill", "json", 1883), folder, FILL_ROWS, FILL_START)
    last = next(line for line in lines if line[0] == "rows")
    with sqlite3.connect(folder / "inbox.db") as db:  # ids of messages go on from there
        db.execute("INSERT INTO sqlite_sequence VALUES('messages', ?)", (int(last[3]),))
    db.close()
    (folder / "figures").write_text("\n".join(" ".join(line) for line in lines), encoding="ascii")
    return folder


def copy_store(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled_store(), folder)
    return folder


def publish(broker, kind, count, start):
    begin = time.monotonic()
    program("publish", broker.port, kind, count, start)
    return count / (time.monotonic() - begin)
