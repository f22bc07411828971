# SPDX-License-Identifier: EUPL-1.2
"""The source tree as the lint sees it: files, their text, how each one is compiled."""
import fnmatch
import json
import os
import re
import shlex
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)


class Tree:
    def __init__(self, build):
        self.build = build
        self.cache = os.path.join(ROOT, ".cache", "lint")
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=False)
        if listed.returncode == 0:
            names = listed.stdout.decode().split("\0")
        else:
            names = walk()
        self.files = sorted(f for f in set(names) if os.path.isfile(os.path.join(ROOT, f)))
        self.bytes_of = {}
        self.commands = {}
        with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as text:
            for entry in json.load(text):
                name = os.path.relpath(entry["file"], ROOT)
                self.commands[name] = flags_of(entry)

    def match(self, *patterns):
        return [f for f in self.files if any(fnmatch.fnmatch(f, p) for p in patterns)]

    def bytes(self, name):
        if name not in self.bytes_of:
            with open(os.path.join(ROOT, name), "rb") as file:
                self.bytes_of[name] = file.read()
        return self.bytes_of[name]

    def text(self, name):
        return self.bytes(name).decode("utf-8", "replace")

    def flags(self, name):
        """As the build compiles it; what it does not compile, as its nearest neighbour."""
        if name in self.commands:
            return self.commands[name]
        near = max(sorted(self.commands), default=None,
                   key=lambda other: len(os.path.commonprefix([name, other])))
        flags = list(self.commands[near]) if near else []
        if name.startswith("tests/"):
            flags.append("-I" + os.path.join(ROOT, "tests"))
        return flags

    def reached(self, name):
        """The file and every file of ours that it includes, in a fixed order."""
        folders = [flag[2:] for flag in self.flags(name) if flag.startswith("-I")]
        seen, todo = {name}, [name]
        while todo:
            at = todo.pop()
            beside = os.path.join(ROOT, os.path.dirname(at))
            for header in INCLUDE.findall(self.bytes(at)):
                for folder in [beside, *folders]:
                    path = os.path.normpath(os.path.join(folder, header.decode()))
                    if os.path.isfile(path):
                        found = os.path.relpath(path, ROOT)
                        if found not in seen:
                            seen.add(found)
                            todo.append(found)
                        break
        return sorted(seen)


def flags_of(entry):
    """The words of a compile command without compiler, input and output."""
    words = shlex.split(entry["command"])[1:]
    flags, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-isystem", "-MF", "-MT"):
            skip = True
            if word == "-isystem":
                skip = False
                flags.append(word)
        elif word in ("-c", "-MD") or word == entry["file"]:
            continue
        else:
            flags.append(word)
    return flags


def walk():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in ("build", ".cache", ".git", "__pycache__")]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)
