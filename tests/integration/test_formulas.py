# SPDX-License-Identifier: EUPL-1.2
"""Our formulas against TEOS-10's own program (gsw of PyPI) at random points over the whole
range of each. KOGGE_SEED repeats a run."""
import os
import random
import subprocess
import sys
import unittest

ROOT = os.environ.get("KOGGE_ROOT") or os.path.join(os.path.dirname(__file__), "..", "..")
TOOL = os.path.join(os.environ.get("KOGGE_BIN") or os.path.join(ROOT, "build/dev"), "tests",
                    "formula_tool")
PYTHON = os.path.join(ROOT, ".cache", "venv", "bin", "python")
POINTS = 200000 if os.environ.get("KOGGE_LONG") else 10000
SEED = int(os.environ.get("KOGGE_SEED") or random.SystemRandom().randrange(2 ** 32))

# Runs where gsw is installed: the answers of a function to points, one a line.
ASK = """
import sys
import numpy
import gsw
from gsw import _wrapped_ufuncs as more
function = getattr(gsw, sys.argv[1], None) or getattr(more, sys.argv[1])
points = numpy.loadtxt(sys.stdin, ndmin=2)
for value in numpy.atleast_1d(function(*points.T)):
    print(repr(float(value)))
"""


def installed():
    if not os.path.exists(PYTHON):
        return False
    return subprocess.run([PYTHON, "-c", "import gsw"], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def spread(draw, low, high):
    """Mostly anywhere between low and high, some at the ends."""
    return draw.choice([low, high]) if draw.random() < 0.02 else draw.uniform(low, high)


class Formulas(unittest.TestCase):
    def setUp(self):
        self.draw = random.Random(f"{SEED} {self.id()}")

    def points(self, *ranges):
        return [[spread(self.draw, *span) for span in ranges] for _ in range(POINTS)]

    def ours(self, formula, points):
        lines = "".join(f"{formula} {' '.join(map(repr, p))}\n" for p in points)
        said = subprocess.run([TOOL], input=lines, stdout=subprocess.PIPE, text=True, check=True)
        return [None if word == "-" else float(word) for word in said.stdout.split()]

    def theirs(self, function, points):
        lines = "".join(" ".join(map(repr, p)) + "\n" for p in points)
        said = subprocess.run([PYTHON, "-c", ASK, function], input=lines,
                              stdout=subprocess.PIPE, text=True, check=True)
        return [None if word == "nan" else float(word) for word in said.stdout.split()]

    def compare(self, formula, points, expected, within):
        """Equal within the tolerance, and no number where gsw has none."""
        got = self.ours(formula, points)
        self.assertEqual((len(got), len(expected)), (len(points), len(points)))
        worst = 0.0
        for point, mine, other in zip(points, got, expected):
            where = f"{formula} {point}: {mine}, gsw gives {other}; KOGGE_SEED={SEED}"
            self.assertEqual(mine is None, other is None, where)
            if mine is not None:
                self.assertLessEqual(abs(mine - other), within, where)
                worst = max(worst, abs(mine - other))
        counted = sum(mine is not None for mine in got)
        print(f"{formula}: {counted} of {POINTS} points give numbers, "
              f"largest difference {worst:.1e}")
        self.assertGreater(counted, POINTS / 20)

    def test_practical_salinity(self):
        """Conductivities of all salinities; those of more than 42 are outside our range."""
        for low, high in ((0, 75), (0, 3), (0, 0.01)):
            points = self.points((low, high), (-2, 35), (0, 10000))
            known = [value if value is not None and value <= 42 else None
                     for value in self.theirs("SP_from_C", points)]
            self.compare("practical_salinity", points, known, 1e-9)

    def test_conductivity_from_salinity(self):
        """Not of 0, for which gsw gives the conductivity below which it has no salinity."""
        for high in (42, 2.5):
            points = self.points((1e-6, high), (-2, 35), (0, 10000))
            self.compare("conductivity_from_salinity", points,
                         self.theirs("C_from_SP", points), 1e-8)

    def test_absolute_salinity_baltic(self):
        points = self.points((0, 42), (48, 71), (5, 47))
        turned = [[salinity, lon, lat] for salinity, lat, lon in points]
        self.compare("absolute_salinity_baltic", points,
                     self.theirs("SA_from_SP_Baltic", turned), 1e-9)

    def test_oxygen_solubility_umol_kg(self):
        points = self.points((-2, 40), (0, 42))
        turned = [[salinity, temperature] for temperature, salinity in points]
        self.compare("oxygen_solubility_umol_kg", points, self.theirs("O2sol_SP_pt", turned), 1e-8)

    def test_gravity(self):
        points = self.points((-90, 90))
        self.compare("gravity", points, self.theirs("grav", [[lat, 0] for [lat] in points]), 1e-9)

    def test_density_is_that_of_teos10_but_for_the_older_equation(self):
        """EOS-80 and TEOS-10 differ by some 0.01 kg/m3 in the range of the open sea."""
        points = self.points((0, 42), (0, 35))
        absolute = [[salinity * 35.16504 / 35, temperature, 0] for salinity, temperature in points]
        self.compare("density", points, self.theirs("rho_t_exact", absolute), 0.02)


if __name__ == "__main__":
    if not installed():
        print("SKIP test_formulas: gsw is not installed in .cache/venv")
        sys.exit(77)
    print(f"KOGGE_SEED={SEED}")
    unittest.main()
