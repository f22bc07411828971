# SPDX-License-Identifier: EUPL-1.2
"""Variables that preload tests/support/faults.c into a program.

    kogge("export", ..., **faults(kill=17, only="sync+rename"))
    Hub(config, data, **faults(count=path))
    read_counts(path)["points"]
"""
import os

from kogge import BINARIES

LIBRARY = os.path.join(BINARIES, "tests", "libkogge_faults.so")


def preload(library):
    """It comes before the runtime of a sanitizer, if there is one, which is told to bear it."""
    options = os.environ.get("ASAN_OPTIONS")
    return {"LD_PRELOAD": library,
            "ASAN_OPTIONS": ":".join(filter(None, (options, "verify_asan_link_order=0")))}


def faults(**settings):
    """kill, only, count, sync_ms, poison: see faults.c."""
    return {"KOGGE_FAULTS": ",".join(f"{key}={value}" for key, value in settings.items()),
            **preload(LIBRARY)}


def read_counts(path):
    """Calls of each kind, and points."""
    with open(path, encoding="ascii") as file:
        return {kind: int(count) for kind, count in (line.split() for line in file)}
