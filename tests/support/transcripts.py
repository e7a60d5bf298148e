"""The output of the sample suite without what varies, and the command lines to run it with."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import unittest

from support import ROOT

_SAMPLE = os.path.join(ROOT, "tests", "samples", "transcripts")
_VARYING = (
    (re.compile(r"-m hermetic"), "-m unittest"),
    (re.compile(r"\bin \d+\.\d{3}s"), "in 0.000s"),
    (re.compile(r"^\d+\.\d{3}s", re.MULTILINE), "0.000s"),
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x0"),
)


def normalised(text: str) -> str:
    """A transcript without what differs from run to run, and without the name of the program."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text


class SampleCase(unittest.TestCase):
    """Has the sample suite.

    Attributes:
        folder: that it is in.
    """

    maxDiff = None
    folder: str

    @classmethod
    def setUpClass(cls):
        # A copy: the settings of the checkout do not reach it, and no bytecode is left in the checkout.
        temporary = tempfile.TemporaryDirectory(prefix="hermetic-transcripts-")
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = os.path.join(temporary.name, "suite")
        shutil.copytree(_SAMPLE, cls.folder, ignore=shutil.ignore_patterns("__pycache__"))


class OutcomeTranscripts:
    """Every outcome, under the options that change how outcomes are shown.

    What runs two programs, and compares them, is ``assert_same(*arguments, contains=text)``.
    """

    def test_every_outcome(self):
        self.assert_same("test_outcomes", contains="unexpected successes=1")

    def test_every_outcome_verbosely(self):
        self.assert_same("-v", "test_outcomes", contains="expected failure")

    def test_every_outcome_quietly(self):
        self.assert_same("-q", "test_outcomes", contains="Ran ")

    def test_local_variables_in_tracebacks(self):
        self.assert_same("--locals", "test_outcomes", contains="expected = [1, 2, 3]")

    def test_failfast_stops_at_an_error(self):
        self.assert_same("-f", "test_outcomes", contains="Ran 1 test ")

    def test_failfast_stops_within_subtests(self):
        self.assert_same("-f", "-v", "test_outcomes.SubTestTest", contains="FAILED")

    def test_failfast_stops_at_an_unexpected_success(self):
        self.assert_same("-f", "-v", "-k", "success", "test_outcomes", contains="unexpected success")

    def test_output_is_buffered(self):
        self.assert_same("-b", "test_output", contains="Stdout:")

    def test_async_tests(self):
        self.assert_same("-v", "test_async", contains="async cleanup")
