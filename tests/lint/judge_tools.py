# SPDX-License-Identifier: EUPL-1.2
"""Steps that ask a compiler or an analyser about each file."""
import concurrent.futures
import functools
import hashlib
import os
import subprocess

from tree import ROOT

CODE = ("hub/*.c", "firmware/*.c", "tests/*.c")
HEADERS = ("hub/*.h", "firmware/*.h", "schemas/*.h", "tests/*.h")
EXCEPTIONS = "tests/lint/analyzer.allow"


@functools.lru_cache
def version(tool):
    said = subprocess.run([tool, "--version"], capture_output=True, check=True)
    return said.stdout


def key_of(tree, command, name, feed, more):
    """Content that decides the answer: tool, words, files."""
    digest = hashlib.sha256(version(command[0]))
    digest.update("\0".join([*command, name]).replace(ROOT, "").encode())
    digest.update(feed or b"")
    for path in [*tree.reached(name), *more]:
        digest.update(path.encode() + hashlib.sha256(tree.bytes(path)).digest())
    return digest.hexdigest()


def judge_file(tree, command, name, feed, more):
    """(judged anew, what the tool said); empty means clean."""
    mark = os.path.join(tree.cache, os.path.basename(command[0]),
                        key_of(tree, command, name, feed, more))
    if os.path.exists(mark):
        return False, ""
    done = subprocess.run(command, cwd=ROOT, input=feed, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        os.makedirs(os.path.dirname(mark), exist_ok=True)
        with open(mark, "w", encoding="utf-8"):
            return True, ""
    return True, done.stdout.decode("utf-8", "replace").rstrip() or f"{name}: {command[0]} failed"


def judge(tree, jobs, more=()):
    """jobs: (command, file, bytes for its input or None)."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda job: judge_file(tree, *job, more), jobs))
    faults = [said for _, said in done if said]
    return "passed", f"{len(jobs)} files, {sum(new for new, _ in done)} judged anew", faults


def form(tree):
    jobs = [(["clang-format", "--dry-run", "-Werror", f], f, None)
            for f in tree.match(*CODE, *HEADERS)]
    return judge(tree, jobs, [".clang-format"])


def alone(tree):
    """Each header compiles alone, and twice, with both compilers."""
    jobs = []
    for header in tree.match(*HEADERS):
        path = os.path.join(ROOT, header)
        feed = f'#include "{path}"\n#include "{path}"\nextern int header_alone;\n'.encode()
        for compiler in (["gcc"], ["clang", "-Wno-double-promotion"]):
            command = [compiler[0], *tree.flags(header), *compiler[1:], "-fsyntax-only",
                       "-x", "c", "-"]
            jobs.append((command, header, feed))
    return judge(tree, jobs)


def tidy(tree):
    jobs = [(["clang-tidy", "--quiet", f, "--", *tree.flags(f)], f, None)
            for f in tree.match(*CODE)]
    return judge(tree, jobs, [".clang-tidy"])


def cppcheck(tree):
    jobs = []
    for f in tree.match(*CODE):
        words = [w for w in tree.flags(f) if w.startswith(("-I", "-D"))]
        words = [w for w in words if not w.startswith("-I/usr")]
        jobs.append((["cppcheck", "--quiet", "--enable=warning,performance,portability",
                      "--error-exitcode=1", "--inline-suppr", "--library=posix", "--std=c11",
                      *words, f], f, None))
    return judge(tree, jobs)


def exceptions(tree):
    """FILE CHECK REASON, one a line: where the analyzer is known to be wrong."""
    allowed = {}
    if EXCEPTIONS in tree.files:
        for line in tree.text(EXCEPTIONS).splitlines():
            if line and not line.startswith("#"):
                name, check, _reason = line.split(maxsplit=2)
                allowed.setdefault(name, []).append("-Wno-" + check.removeprefix("-W"))
    return allowed


def analyzer(tree):
    allowed = exceptions(tree)
    gone = [f"{EXCEPTIONS}: {name} is not there" for name in allowed if name not in tree.files]
    jobs = []
    for f in tree.match("hub/*.c", "firmware/*.c"):
        command = ["gcc", *tree.flags(f), "-fanalyzer", *allowed.get(f, ()),
                   "-c", "-o", "/dev/null", f]
        jobs.append((command, f, None))
    status, said, faults = judge(tree, jobs)
    return status, said, gone + faults
