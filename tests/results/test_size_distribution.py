"""The size distribution in the summary of a run."""

from __future__ import annotations

import unittest

import hermetic
import support
from hermetic._results.size_distribution import shortfalls, summary
from hermetic._settings import table

SUITE = """
    import unittest
    from hermetic import HermeticTestCase, medium
    class Sized(HermeticTestCase):
        def test_a(self): pass
        @medium
        def test_b(self): pass
        @medium
        def test_c(self): pass
    class Unsized(unittest.TestCase):
        def test_d(self): pass
"""
SIZES = "sizes: 1 small (33 %), 2 medium (66 %), 1 without a size"
TROUBLE = "sizes: fewer than 80 % of the tests are small (size_targets = 80/15/5)"


class ShortfallsTest(hermetic.HermeticTestCase):
    def test_targets_that_are_met_are_not_mentioned(self) -> None:
        for counts in ({"small": 80, "medium": 15, "large": 5}, {"small": 100}, {"small": 80, "medium": 20}, {}):
            with self.subTest(counts):
                self.assertEqual(shortfalls(counts, (80, 15, 5)), [])

    def test_too_few_small_tests_are(self) -> None:
        found = shortfalls({"small": 799, "medium": 201, "": 1000}, (80, 15, 5))
        self.assertEqual(found, ["fewer than 80 % of the tests are small (size_targets = 80/15/5)"])

    def test_large_and_xlarge_tests_count_together(self) -> None:
        found = shortfalls({"small": 94, "large": 3, "xlarge": 3}, (80, 15, 5))
        self.assertEqual(found, ["more than 5 % of the tests are larger than medium (size_targets = 80/15/5)"])

    def test_the_summary_has_the_sizes_that_there_are(self) -> None:
        self.assertEqual(summary({"small": 1, "xlarge": 2}), "sizes: 1 small (33 %), 2 xlarge (66 %)")


class TargetsTest(hermetic.HermeticTestCase):
    def test_targets_come_as_a_list_or_in_one_string(self) -> None:
        for value in ("70/20/10", "70, 20, 10", "70 20 10", [70, 20, 10], (70, 20, 10)):
            with self.subTest(value):
                self.assertEqual(table.SETTINGS["size_targets"].kind.parse(value), (70, 20, 10))

    def test_others_are_refused(self) -> None:
        for value in ("80/20", "80/15/6", "80/25/-5", [80, 15, 5.0], [True, 99, 0], 80, "a/b/c"):
            with self.subTest(value):
                self.assertIsNone(table.SETTINGS["size_targets"].kind.parse(value))


@hermetic.medium
class RunTest(unittest.TestCase):
    def run_suite(self, *arguments: str) -> tuple[int, list[str]]:
        with support.Folder(**{"test_x.py": SUITE}) as folder:
            done = support.run_hermetic(*arguments, cwd=folder)
        return done.returncode, [line for line in done.stderr.splitlines() if line.startswith("sizes")]

    def test_nothing_is_said_unless_somebody_asks(self) -> None:
        self.assertEqual(self.run_suite("discover"), (0, []))

    def test_a_line_of_the_summary_says_what_is_amiss(self) -> None:
        self.assertEqual(self.run_suite("discover", "--size-distribution", "warn"), (0, [SIZES, TROUBLE]))

    def test_the_run_fails_if_that_is_asked_for(self) -> None:
        self.assertEqual(self.run_suite("discover", "--size-distribution", "error"), (1, [SIZES, TROUBLE]))

    def test_targets_can_be_set(self) -> None:
        arguments = ("--size-distribution", "error", "--size-targets", "30/70/0")
        self.assertEqual(self.run_suite("discover", *arguments), (0, [SIZES]))

    def test_what_is_picked_from_a_suite_is_not_held_to_them(self) -> None:
        picked = ["sizes: 1 medium (100 %)"]
        self.assertEqual(self.run_suite("--size-distribution", "error", "test_x.Sized.test_b"), (0, picked))
        self.assertEqual(self.run_suite("discover", "--size-distribution", "error", "-k", "test_b"), (0, picked))

    def test_a_suite_without_sizes_is_told_nothing(self) -> None:
        self.assertEqual(self.run_suite("--size-distribution", "error", "test_x.Unsized"), (0, []))
