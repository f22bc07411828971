# SPDX-License-Identifier: EUPL-1.2
"""A page of documentation as a list of steps that can be run.

Every fenced ```sh block is one step: a script that must end with 0, in one folder a page,
with variables and working folder kept from block to block. The lines of a ```text block
that follows must occur in its output in that order; … stands for anything, blanks do not
count. Comments in the page, which readers do not see, say the rest:
  <!-- test: start broker|hub|portal -->  runs it from here to the end of the page
  <!-- test: copy conf|source -->         puts the shipped configuration, the source there
  <!-- test: file NAME -->                the next block is written to NAME
  <!-- test: merge NAME -->               its keys are set in the JSON file NAME
  <!-- test: exit N -->                   the next block ends with N
  <!-- test: within SECONDS -->           the next block is repeated until it is as shown
  <!-- test: skip REASON -->              the next block is not run; only for OUTSIDE
"""
import re

FENCE = re.compile(r"^```(\w*)\s*$")
MARK = re.compile(r"^<!--\s*test:\s*(\w+)\s*(.*?)\s*-->$")
# What a test must not do to the machine, what is a test of its own, what never ends.
OUTSIDE = ("sudo ", "apt-get ", "systemctl ", "journalctl ", "git clone ", "./run", "kogge run")
MARKS = ("start", "copy", "file", "merge", "exit", "within", "skip")


class Step:
    def __init__(self, line, kind, text="", name=""):
        self.line = line
        self.kind = kind  # start, copy, file, merge, run, skip
        self.text = text  # of the block
        self.name = name  # what to start or copy, file, reason
        self.exit = 0
        self.within_s = 0
        self.expect = []


def blocks(text):
    """(line, language, body) of each fence and (line, None, (mark, rest)) of each mark."""
    body, start, language = None, 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if body is not None:
            if line == "```":
                yield start, language, "".join(body)
                body = None
            else:
                body.append(line + "\n")
        elif fence:
            body, start, language = [], number, fence.group(1)
        elif MARK.match(line):
            yield number, None, MARK.match(line).groups()
        elif line.strip():
            yield number, "prose", line
    if body is not None:
        raise ValueError(f"line {start}: a block without end")


def one_block(line, language, body, marks):
    """The step of one block, with the marks that stood before it."""
    for kind in ("file", "merge"):
        if kind in marks:
            return Step(line, kind, body, marks[kind])
    if language != "sh":
        if marks:
            raise ValueError(f"line {line}: marks before a block that is not run")
        return None
    if "skip" in marks:
        return skipped(line, body, marks["skip"])
    step = Step(line, "run", body)
    step.exit = int(marks.get("exit", 0))
    step.within_s = float(marks.get("within", 0))
    return step


def skipped(line, body, reason):
    if len(reason.split()) < 3:
        raise ValueError(f"line {line}: a block is left out without a reason")
    for command in body.splitlines():
        if command.strip() and not command.startswith(("#", " ", *OUTSIDE)):
            raise ValueError(f"line {line}: '{command}' can be run, so it must be")
    return Step(line, "skip", body, reason)


def parse(text):
    steps, marks, last = [], {}, None
    for line, language, body in blocks(text):
        if language is None:
            name, rest = body
            if name not in MARKS:
                raise ValueError(f"line {line}: there is no mark '{name}'")
            if name in ("start", "copy"):
                steps.append(Step(line, name, name=rest))
            else:
                marks[name] = rest
        elif language == "text" and last is not None and not marks:
            last.expect = [shown for shown in body.splitlines() if shown.strip()]
            last = None
        elif language != "prose":
            last = one_block(line, language, body, marks)
            marks = {}
            if last is not None:
                steps.append(last)
                if last.kind != "run":
                    last = None
        elif marks:
            raise ValueError(f"line {line}: text between a mark and its block")
    if marks:
        raise ValueError(f"a mark without a block: {marks}")
    return steps


def missing(expect, output):
    """The first line of expect that the output does not show in its turn; None: all there."""
    lines = [re.sub(r"\s", "", line) for line in output.splitlines()]
    at = 0
    for shown in expect:
        words = re.sub(r"\s", "", shown)
        pattern = re.compile(".*?".join(re.escape(part) for part in words.split("…")))
        while at < len(lines) and not pattern.search(lines[at]):
            at += 1
        if at == len(lines):
            return shown
        at += 1
    return None
