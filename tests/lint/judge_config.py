# SPDX-License-Identifier: EUPL-1.2
"""Steps about configuration, and about what must not be in the code because of it."""
import glob
import json
import os
import re
import subprocess

from tree import ROOT

# File in hub/conf -> name of its schema; the first pattern that fits holds.
KINDS = [
    (r"hub\.json", "hub"),
    (r"parameters\.json", "parameters"),
    (r"units\.json", "units"),
    (r"devices/[^/]+\.json", "model"),
    (r"datasets/[^/]+\.json", "dataset"),
    (r"cities/[^/]+\.json", "city"),
    (r"cities/[^/]+/([a-z]+)-[^/]+\.json", None),
]
CONF = "hub/conf/"
LONG_NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:[eE][-+]?\d+)?(?!\w)")
DIGITS = 6


def schema_of(name):
    for pattern, kind in KINDS:
        found = re.fullmatch(pattern, name.removeprefix(CONF))
        if found:
            return f"schemas/{kind or found.group(1)}.schema.json"
    return None


def schemas(tree):
    tool = os.path.join(ROOT, ".cache", "venv", "bin", "check-jsonschema")
    judged = tree.match("schemas/*.schema.json")
    groups, faults = {}, []
    for name in tree.match(CONF + "*.json"):
        groups.setdefault(schema_of(name), []).append(name)
    if not judged and not groups:
        return "skipped", "there are neither schemas nor a configuration yet", []
    if not os.path.exists(tool):
        return "passed", "nothing", ["check-jsonschema is not installed: ./run lint"]
    commands = [[tool, "--check-metaschema", *judged]] if judged else []
    for schema, names in sorted(groups.items(), key=str):
        if schema not in judged:
            faults += [f"{name}: there is no {schema or 'schema for it'}" for name in names]
        else:
            commands.append([tool, "--schemafile", schema, *names])
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            faults.append((done.stdout + done.stderr).rstrip())
    files = sum(map(len, groups.values()))
    return "passed", f"{len(judged)} schemas and {files} files", faults


def names(tree):
    """No vendor and no sensor model is named in the code: they are data."""
    known = set()
    for name in tree.match(CONF + "devices/*.json"):
        model = json.loads(tree.text(name))
        known |= {model.get("vendor") or "", model.get("model") or ""}
    known = {word for word in known if word and not word.lower().startswith("kogge")}
    code = tree.match("hub/*.c", "hub/*.h")
    if not known:
        return "passed", f"{len(code)} files, 0 names", []
    pattern = re.compile(r"(?<![a-z0-9])(" + "|".join(map(re.escape, sorted(known))) +
                         r")(?![a-z0-9])", re.IGNORECASE)
    faults = []
    for name in code:
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            found = pattern.search(line)
            if found:
                faults.append(f"{name}:{number}: names '{found.group()}', which is data")
    return "passed", f"{len(code)} files, {len(known)} names", faults


def long_numbers(text):
    """Texts of numbers with many digits that say something, as their value."""
    found = {}
    for word in LONG_NUMBER.findall(text):
        digits = re.sub(r"[eE].*|\D", "", word).strip("0")
        if len(digits) >= DIGITS:
            found[float(word)] = word
    return found


def expected_values(data):
    values = set()
    for path in glob.glob(os.path.join(data, "uplinks", "*.json")):
        with open(path, encoding="utf-8") as text:
            document = json.load(text)
        for entry in document.get("expected", ()):
            values |= set(long_numbers(str(entry.get("value"))))
    return values


def answers(tree):
    """tests/ holds no expected value of the reference messages."""
    data = os.environ.get("SHARED_DATA") or os.path.join(ROOT, "..", "shared", "data")
    if not os.path.isdir(os.path.join(data, "uplinks")):
        return "skipped", f"no reference data at {data}", []
    values = expected_values(data)
    files = tree.match("tests/*")
    faults = []
    for name in files:
        found = long_numbers(tree.text(name))
        faults += [f"{name}: {found[value]} is an expected value of the reference messages"
                   for value in sorted(values & set(found))]
    return "passed", f"{len(files)} files, {len(values)} values", faults
