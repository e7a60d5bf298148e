"""The list of the slowest tests."""

from __future__ import annotations

import io
import unittest

import hermetic
from hermetic._results.durations import SlowestTests


class SlowestTestsTest(hermetic.HermeticTestCase):
    def lines(self, count: int, *durations: tuple[str, float], verbosity: int = 1) -> list[str]:
        result = unittest.TextTestResult(io.StringIO(), descriptions=True, verbosity=verbosity)
        slowest = SlowestTests(count, result)
        for test, seconds in durations:
            slowest.addTiming(test, 0.0, seconds)
        self.assertEqual(result.collectedDurations, [*durations])
        return slowest.summary_lines(result, io.StringIO())

    def test_the_slowest_come_first_and_no_more_than_asked_for(self):
        heading, rule, *shown = self.lines(2, ("a", 0.5), ("b", 2.0), ("c", 1.0))
        self.assertEqual((heading, set(rule)), ("Slowest test durations", {"-"}))
        self.assertEqual(shown, ["2.000s     b", "1.000s     c", ""])

    def test_with_0_all_are_listed(self):
        self.assertEqual(len(self.lines(0, ("a", 0.5), ("b", 2.0), ("c", 1.0))), 6)

    def test_very_fast_ones_are_hidden_unless_the_run_is_verbose(self):
        durations = ("a", 0.5), ("b", 0.0001)
        self.assertIn("(durations < 0.001s were hidden; use -v to show these durations)", self.lines(2, *durations))
        self.assertIn("0.000s     b", self.lines(2, *durations, verbosity=2))

    def test_without_tests_there_is_no_list(self):
        self.assertEqual(self.lines(2), [])
