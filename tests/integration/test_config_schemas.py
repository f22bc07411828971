# SPDX-License-Identifier: EUPL-1.2
"""Schemas and parser come from one table and agree: the sound files of the vectors pass,
and every fault of shape (folders shape-...) fails by its schema, too."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

ROOT = os.environ.get("KOGGE_ROOT") or os.path.join(os.path.dirname(__file__), "..", "..")
VECTORS = os.path.join(ROOT, "tests", "vectors", "config")
TOOL = os.path.join(ROOT, ".cache", "venv", "bin", "check-jsonschema")
KINDS = [(r"hub\.json", "hub"), (r"parameters\.json", "parameters"),
         (r"units\.json", "units"), (r"devices/[^/]+\.json", "model"),
         (r"datasets/[^/]+\.json", "dataset"), (r"cities/[^/]+\.json", "city"),
         (r"cities/[^/]+/device-[^/]+\.json", "device"),
         (r"cities/[^/]+/calibration-[^/]+\.json", "calibration"),
         (r"cities/[^/]+/maintenance-[^/]+\.json", "maintenance"),
         (r"cities/[^/]+/flag-[^/]+\.json", "flag")]


def kind_of(name):
    return next(kind for pattern, kind in KINDS if re.fullmatch(pattern, name))


def files_of(cases):
    """Kind -> files of these folders."""
    groups = {}
    for case in cases:
        for path in sorted(glob.glob(os.path.join(case, "**", "*.json"), recursive=True)):
            groups.setdefault(kind_of(os.path.relpath(path, case)), []).append(path)
    return groups


def refused(tool, cases):
    """Files that do not fit their schema, with what is said of them."""
    found = {}
    for kind, paths in files_of(cases).items():
        schema = os.path.join(ROOT, "schemas", f"{kind}.schema.json")
        done = subprocess.run([tool, "--output-format", "json", "--schemafile", schema, *paths],
                              capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout)
        for fault in answer.get("errors", []) + answer.get("parse_errors", []):
            found.setdefault(os.path.realpath(fault["filename"]), fault.get("message"))
    return found


class Schemas(unittest.TestCase):
    tool = TOOL if os.path.exists(TOOL) else shutil.which("check-jsonschema")

    def test_sound_files_pass(self):
        self.assertEqual(refused(self.tool, [os.path.join(VECTORS, "sound")]), {})

    def test_faults_of_shape_fail(self):
        cases = sorted(glob.glob(os.path.join(VECTORS, "shape-*")))
        self.assertGreater(len(cases), 40)
        found = refused(self.tool, cases)
        missed = [os.path.basename(case) for case in cases
                  if not any(path.startswith(os.path.realpath(case) + os.sep)
                             for path in found)]
        self.assertEqual(missed, [])


if __name__ == "__main__":
    if Schemas.tool is None:
        print("SKIP test_config_schemas: check-jsonschema is not installed")
        sys.exit(77)
    unittest.main()
