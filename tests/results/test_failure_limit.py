"""``maxfail`` ends a run after a number of failures."""

from __future__ import annotations

from typing import ClassVar

import support
from hermetic import medium
from support import run_hermetic
from support.ordered_runs import FolderCase

setUpModule = support.some_pythons_do

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
