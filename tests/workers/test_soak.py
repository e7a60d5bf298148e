"""A few hundred tests of all kinds, hostile ones included: verdicts are right, and nothing is left."""

from __future__ import annotations

import os
import unittest

import support
from hermetic import medium
from support import ROOT, run_python

setUpModule = support.some_pythons_do

SOAK = os.path.join(ROOT, "tests", "benchmarks", "soak.py")


@medium
@support.not_measured
@support.linux_only("/proc, which tells what a run takes")
class SoakTest(unittest.TestCase):
    def test_every_verdict_is_right_and_nothing_grows_or_is_left(self):
        done = run_python(SOAK, "--tests", "300")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
