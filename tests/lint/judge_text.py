# SPDX-License-Identifier: EUPL-1.2
"""Steps that read the files as text."""
import os
import re
import subprocess
import sys

from tree import ROOT

VECTORS = "tests/vectors/", "tests/fuzz/corpus/"  # bytes as they were sent, or found
LONGEST = 500
LONGEST_HEADER = 120
MARK = "SPDX-License-Identifier: EUPL-1.2"
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|rand|srand|"
                    r"localtime|alloca)\s*\(")
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|enum|union)\b")
# Written so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)


def is_text(tree, name):
    return b"\0" not in tree.bytes(name)


def layers(_tree):
    done = subprocess.run(["sh", "tests/check_layers.sh"], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    faults = (done.stdout + done.stderr).splitlines()
    if done.returncode != 0 and not faults:
        faults = ["tests/check_layers.sh failed"]
    return "passed", "hub and firmware", faults


def shell_scripts(tree):
    found = []
    for name in tree.files:
        first = tree.bytes(name).split(b"\n", 1)[0]
        if name.endswith(".sh") or re.match(rb"#!.*\b(ba|da)?sh\b", first):
            found.append(name)
    return found


def shellcheck(tree):
    names = shell_scripts(tree)
    done = subprocess.run(["shellcheck", "-x", "--source-path=SCRIPTDIR", *names], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    return "passed", f"{len(names)} scripts", [done.stdout + done.stderr] if done.returncode else []


def python(tree):
    names = [f for f in tree.match("*.py") if not f.startswith(VECTORS)]
    faults = []
    for name in names:
        try:
            compile(tree.bytes(name), name, "exec")
        except SyntaxError as fault:
            faults.append(f"{name}:{fault.lineno}: {fault.msg}")
    venv = os.path.join(ROOT, ".cache", "venv", "bin", "python")
    if not os.path.exists(venv):
        return "passed", f"{len(names)} files", [*faults, "pyflakes is not installed: ./run lint"]
    done = subprocess.run([venv, "-m", "pyflakes", *names], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    return "passed", f"{len(names)} files", faults + (done.stdout + done.stderr).splitlines()


def promises(_tree):
    """docs/promises.md says what promises.json and broken.json say; its counts are a run's."""
    done = subprocess.run([sys.executable, "-B", "tests/support/promises.py", "show"], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    with open(os.path.join(ROOT, "docs", "promises.md"), encoding="utf-8") as page:
        same = page.read() == done.stdout
    faults = [] if same else [done.stderr or "docs/promises.md is not what tests/support/promises.py shows"]
    return "passed", "docs/promises.md", faults


def licence(tree):
    """JSON has no comments, vectors are bytes as they were sent."""
    names = [f for f in tree.files if not f.startswith(VECTORS) and f != "LICENSE"
             and not f.endswith((".json", ".pem", ".crt", ".key")) and is_text(tree, f)]
    faults = [f"{f}: no line '{MARK}' near its top" for f in names
              if MARK not in "\n".join(tree.text(f).splitlines()[:12])]
    return "passed", f"{len(names)} files", faults


def public_headers(tree):
    """Headers that files of another room include; others are a room's own affair."""
    rooms = {}
    for name in tree.match("hub/*.[ch]", "firmware/*.[ch]", "tests/*.[ch]"):
        room = tuple(name.split("/")[:2])
        for header in re.findall(r'^\s*#\s*include\s+"([^"]+)"', tree.text(name), re.MULTILINE):
            for top in ("hub/", "firmware/", "schemas/"):
                rooms.setdefault(top + header, set()).add(room)
    return {name for name, users in rooms.items() if users - {tuple(name.split("/")[:2])}}


def sizes(tree):
    public = public_headers(tree)
    names = [f for f in tree.files if f.endswith((".c", ".h", ".py", ".sh")) or f == "run"]
    faults = []
    for name in names:
        lines = tree.text(name).count("\n")
        most = LONGEST
        if name in public:
            most = LONGEST_HEADER
        if name == "run":
            most = 300
        if lines > most:
            faults.append(f"{name}: {lines} lines, at most {most}")
    return "passed", f"{len(names)} files", faults


def blank(found):
    """A comment or a string without its words, its lines kept."""
    return "\n" * found.group().count("\n")


def banned(tree):
    names = tree.match("hub/*.[ch]", "firmware/*.[ch]", "schemas/*.h")
    faults = []
    for name in names:
        code = COMMENT.sub(blank, tree.text(name))
        for number, line in enumerate(code.splitlines(), 1):
            found = BANNED.search(line) or TYPEDEF.search(line)
            if found:
                faults.append(f"{name}:{number}: '{found.group().strip(' (')}' is not used here")
    return "passed", f"{len(names)} files", faults


def unfinished(tree):
    names = [f for f in tree.files if f != "LICENSE" and not f.startswith(VECTORS)
             and is_text(tree, f)]
    faults = []
    for name in names:
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if UNFINISHED.search(line):
                faults.append(f"{name}:{number}: {line.strip()}")
    return "passed", f"{len(names)} files", faults


