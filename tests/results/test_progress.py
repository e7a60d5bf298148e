"""The progress of a run: how many tests have ended and failed, and which are running."""

from __future__ import annotations

import unittest

from hermetic import HermeticTestCase
from hermetic._results.progress import Progress


class _Line:
    def __init__(self):
        self.shown = []

    def show(self, done, failed, running):
        self.shown.append((done, failed, [name for name, _ in running]))


class ProgressTest(HermeticTestCase):
    def setUp(self):
        self.line, self.result = _Line(), unittest.TestResult()
        self.progress = Progress(self.line, self.result)

    def tell(self, name, *, fails=False):
        self.progress.startTest(name)
        if fails:
            self.result.errors.append((name, ""))
        self.progress.stopTest(name)

    def test_tests_are_counted_as_they_are_told_of(self):
        self.tell("a")
        self.tell("b", fails=True)
        self.assertEqual(self.line.shown, [(0, 0, ["a"]), (1, 0, []), (1, 0, ["b"]), (2, 1, [])])

    def test_those_of_workers_count_when_they_end_and_once(self):
        self.progress.startAhead("a")
        self.progress.startAhead("b")
        self.progress.stopAhead("b", True)
        self.assertEqual(self.line.shown[-1], (1, 1, ["a"]))
        self.progress.stopAhead("a", False)
        self.tell("a")
        self.tell("b", fails=True)
        self.tell("c")
        self.assertEqual(self.line.shown[-1], (3, 1, []))

    def test_a_fixture_that_fails_counts_as_well(self):
        self.result.errors.append(("setUpClass", ""))
        self.tell("a")
        self.assertEqual(self.line.shown[-1], (1, 1, []))

    def test_a_worker_that_has_run_nothing_of_a_test_has_not_ended_it(self):
        self.progress.stopAhead("a", False)
        self.assertEqual(self.line.shown, [])
