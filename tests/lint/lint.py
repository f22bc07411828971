#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The lint: python3 lint.py BUILD [STEP...]. BUILD holds compile_commands.json.

Every step is one line; all faults are shown. Results of the slow tools are kept in
.cache/lint by content, so only what changed is judged again. KOGGE_LINT_RESULTS names the
file that ./run test keeps its books in.
"""
import os
import sys
import time

import judge_config
import judge_text
import judge_tools
from tree import Tree

STEPS = [
    ("layers", judge_text.layers),
    ("format", judge_tools.form),
    ("alone", judge_tools.alone),
    ("tidy", judge_tools.tidy),
    ("cppcheck", judge_tools.cppcheck),
    ("analyzer", judge_tools.analyzer),
    ("schemas", judge_config.schemas),
    ("shellcheck", judge_text.shellcheck),
    ("python", judge_text.python),
    ("promises", judge_text.promises),
    ("licence", judge_text.licence),
    ("sizes", judge_text.sizes),
    ("banned", judge_text.banned),
    ("unfinished", judge_text.unfinished),
    ("names", judge_config.names),
    ("answers", judge_config.answers),
]


def run_step(tree, name, step):
    start = time.monotonic()
    status, said, faults = step(tree)
    for fault in faults:
        print(fault)
    if faults:
        status = "failed"
        said = f"{len(faults)} faults in {said}"
    print(f"{status:8}{name:12}{said}, {time.monotonic() - start:.1f} s", flush=True)
    if status == "skipped":
        print(f"SKIP {name}: {said}")
    return status, said


def main(arguments):
    tree = Tree(os.path.abspath(arguments[0]))
    book = os.environ.get("KOGGE_LINT_RESULTS")
    failed = False
    for name, step in STEPS:
        if arguments[1:] and name not in arguments[1:]:
            continue
        status, said = run_step(tree, name, step)
        failed |= status == "failed"
        if book:
            with open(book, "a", encoding="utf-8") as out:
                out.write(f"lint\t{name}\t{status}\t{said}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
