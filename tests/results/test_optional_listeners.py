"""``maxfail`` ends a run after a number of failures, and ``--durations`` lists the slowest tests."""

from __future__ import annotations

import io
import re
import unittest
from typing import ClassVar
from unittest import mock

import hermetic
import support
from hermetic import medium
from hermetic._results.optional_listeners import SlowestTests
from hermetic._settings.current_run import current_run
from hermetic._settings.values import Settings
from support import Folder, run_hermetic
from support.ordered_runs import FolderCase

setUpModule = support.some_pythons_do_and_the_measured

_TESTS = """
    import unittest

    class FailingTest(unittest.TestCase):
        def test_a(self):
            self.fail()

        def test_b(self):
            for number in range(2):
                with self.subTest(number=number):
                    self.fail()

        @unittest.expectedFailure
        def test_c(self):
            pass

        def test_d(self):
            raise OSError

    class FixtureTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise OSError

        def test_it(self):
            pass

    class PassingTest(unittest.TestCase):
        def test_it(self):
            pass
"""


@medium
class MaxfailTest(FolderCase):
    FILES: ClassVar = {"test_it.py": _TESTS}

    def run_here(self, *arguments, **kwargs):
        done = run_hermetic(*arguments, cwd=self.folder, **kwargs)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_every_kind_of_failure_counts_and_is_shown(self):
        for most, ran in {1: 1, 2: 2, 3: 2, 4: 3, 5: 4}.items():
            with self.subTest(most):
                text = self.run_here("--maxfail", str(most))
                self.assertIn(f"stopped by maxfail = {most} after {ran} of 6 tests\n", text)
                self.assertIn(f"Ran {ran} test", text)
        self.assertIn("Ran 4 tests", self.run_here("--maxfail", "6"))  # a fixture
        self.assertNotIn("stopped by maxfail", self.run_here("--maxfail", "7"))

    def test_it_is_a_setting_and_holds_in_every_kind_of_run(self):
        for arguments in ([], ["-j", "2"], ["--isolated"]):
            with self.subTest(arguments):
                text = self.run_here(*arguments, env={"HERMETIC_MAXFAIL": "2"})
                self.assertIn("stopped by maxfail = 2 after 2 of 6 tests\n", text)

    def test_the_last_test_is_not_stopped(self):
        self.assertNotIn("stopped", self.run_here("--maxfail", "1", "test_it.FailingTest.test_a"))


class SlowestTestsTest(hermetic.HermeticTestCase):
    def lines(self, count: int, *durations: tuple[str, float], verbosity: int = 1) -> list[str]:
        result = unittest.TextTestResult(io.StringIO(), descriptions=True, verbosity=verbosity)
        slowest = SlowestTests(count, result)
        with mock.patch.object(current_run, "_settings", Settings()):  # without a default size
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


@medium
class DurationsTest(unittest.TestCase):
    TESTS = """
        import time, unittest
        import hermetic

        class SampleTest(unittest.TestCase):
            def test_1_has_no_size(self):
                time.sleep(0.004)
            @hermetic.small
            def test_2_has_a_size(self):
                time.sleep(0.003)
            @hermetic.medium
            @hermetic.timeout(2.5)
            def test_3_has_both(self):
                time.sleep(0.002)
    """

    def shown(self, *options: str) -> list[str]:
        with Folder(**{"test_a.py": self.TESTS}) as folder:
            text = run_hermetic("--durations", "9", "-v", *options, "test_a", cwd=folder).stderr
        return re.findall(r"(?m)^\d\.\d{3}s +test_(\d)\w+ \(.*?\)(.*)$", text)

    def test_they_have_the_size_and_the_limits_of_each_test(self):
        expected = [("1", ""), ("2", " [small, limit 1 s]"), ("3", " [medium, limit 300 s, timeout 2.5 s]")]
        for options in ([], ["-j", "2"], ["--isolated"]):
            with self.subTest(options=options):
                self.assertEqual(sorted(self.shown(*options)), expected)

    def test_limits_that_are_not_in_force_are_left_out(self):
        self.assertEqual(dict(self.shown("--time-limits", "off"))["2"], " [small]")
