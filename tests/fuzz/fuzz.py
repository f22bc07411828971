#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Runs the fuzz targets of a build: replays their seeds, then searches for new inputs.

  fuzz.py BUILD [--seconds N] [--results BOOK] [--only NAME]
  fuzz.py BUILD --keep [--only NAME]

Seeds are the vectors of the target's name, or of the folders that its comment
"seeds: FOLDER..." names, and the inputs that are kept in tests/fuzz/corpus; what is found
grows beside them in BUILD/corpus. A crash is left in BUILD/crashes and named; it becomes a
vector in the commit that mends it.

--keep writes tests/fuzz/corpus anew: of BUILD/corpus the fewest inputs that reach code which
the vectors do not reach, one a line, the shortest first.
"""
import argparse
import codecs
import concurrent.futures
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
KEPT = os.path.join(ROOT, "tests", "fuzz", "corpus")
KEPT_INPUTS, KEPT_BYTES = 40, 64 << 10  # of a target, at most
SEEDS = re.compile(r"/\*\s*seeds:\s*(.*?)\s*\*/", re.DOTALL)


def seed_folders(source):
    """What its comment names, else the vectors of its name: decode/ttn of fuzz_decode_ttn,
    or the folder above."""
    with open(source, encoding="utf-8") as text:
        found = SEEDS.search(text.read(4096))
    if found is None:
        name = name_of(source).removeprefix("fuzz_")
        vectors = os.path.join(ROOT, "tests", "vectors")
        folders = [os.path.join(vectors, *name.split("_"))]
        if not os.path.isdir(folders[0]) and "_" in name:
            folders = [os.path.join(vectors, name.split("_")[0])]
    else:
        folders = [os.path.join(ROOT, name) for name in found.group(1).split()]
    for folder in folders:
        if not os.path.isdir(folder):
            raise ValueError(f"{source}: there is no seed folder {folder}")
    return folders


def copy_seeds(folders, corpus):
    """Every file but the expected outputs, named by its content."""
    os.makedirs(corpus, exist_ok=True)
    count = 0
    for folder in folders:
        for path in glob.glob(os.path.join(folder, "**", "*"), recursive=True):
            if os.path.isdir(path) or path.endswith((".out", ".md")):
                continue
            with open(path, "rb") as seed:
                name = hashlib.sha256(seed.read()).hexdigest()[:16]
            shutil.copyfile(path, os.path.join(corpus, name))
            count += 1
    if count == 0:
        raise ValueError(f"no seed in {' '.join(folders)}")
    return count


def name_of(source):
    return os.path.splitext(os.path.basename(source))[0]


def pack(data):
    """Any bytes as one line of printable characters."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def unpack(line):
    return codecs.decode(line, "unicode_escape").encode("latin-1")


def kept_file(name):
    return os.path.join(KEPT, name + ".txt")


def read_kept(name):
    if not os.path.exists(kept_file(name)):
        return []
    with open(kept_file(name), encoding="ascii") as lines:
        return [unpack(line.rstrip("\n")) for line in lines]


def write_kept(name, inputs):
    """The shortest of them, as many as there is room for; gives how many."""
    lines, size = [], 0
    for data in sorted(inputs, key=lambda data: (len(data), data))[:KEPT_INPUTS]:
        size += len(pack(data)) + 1
        if size <= KEPT_BYTES:
            lines.append(pack(data) + "\n")
    os.makedirs(KEPT, exist_ok=True)
    with open(kept_file(name), "w", encoding="ascii") as file:
        file.writelines(lines)
    return len(lines)


def keep(source, build):
    """Of what was found for a target: what adds to the vectors, with few files. Counts of
    how often code ran are of no interest here."""
    name = name_of(source)
    with tempfile.TemporaryDirectory() as folder:
        copy_seeds(seed_folders(source), folder)
        vectors = set(os.listdir(folder))
        subprocess.run([os.path.join(build, "tests", "fuzz", name), "-set_cover_merge=1",
                        "-use_counters=0", folder, os.path.join(build, "corpus", name)],
                       check=True, capture_output=True)
        inputs = []
        for file in set(os.listdir(folder)) - vectors:
            with open(os.path.join(folder, file), "rb") as found:
                inputs.append(found.read())
    return name, "passed", f"{write_kept(name, inputs)} of {len(inputs)} inputs kept", ""


def run_target(source, build, seconds):
    """One row of the books, and what the target said if it failed."""
    name = name_of(source)
    corpus = os.path.join(build, "corpus", name)
    crashes = os.path.join(build, "crashes")
    os.makedirs(crashes, exist_ok=True)
    try:
        seeds = copy_seeds(seed_folders(source), corpus)
        for data in read_kept(name):
            with open(os.path.join(corpus, hashlib.sha256(data).hexdigest()[:16]), "wb") as seed:
                seed.write(data)
            seeds += 1
    except ValueError as fault:
        return name, "failed", str(fault), ""
    program = os.path.join(build, "tests", "fuzz", name)
    common = ["-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={crashes}/{name}-"]
    before = set(os.listdir(crashes))
    for step in (["-runs=0"], [f"-max_total_time={seconds}"]):
        done = subprocess.run([program, *common, *step, corpus], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, errors="replace", check=False)
        if done.returncode != 0:
            new = [f for f in os.listdir(crashes) if f not in before and f.startswith(name + "-")]
            where = ", ".join(os.path.join("build/fuzz/crashes", f) for f in new)
            return name, "failed", where or f"exit {done.returncode}", done.stderr[-4000:]
    runs = re.findall(r"Done (\d+) runs", done.stderr)
    return name, "passed", f"{seeds} seeds, {runs[-1] if runs else '?'} runs", ""


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--results")
    options.add_argument("--only", default="")
    options.add_argument("--keep", action="store_true")
    options = options.parse_args()
    build = os.path.abspath(options.build)
    sources = [f for f in sorted(glob.glob(os.path.join(ROOT, "tests/fuzz/fuzz_*.c")))
               if options.only in f]
    failed = not sources
    if failed:
        print("there is no fuzz target")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, status, reason, said in pool.map(
                lambda source: keep(source, build) if options.keep
                else run_target(source, build, options.seconds), sources):
            print(said, end="")
            print(f"{name}: {status}; {reason}", flush=True)
            failed |= status != "passed"
            if options.results:
                with open(options.results, "a", encoding="utf-8") as book:
                    book.write(f"fuzz\t{name}\t{status}\t{reason}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
