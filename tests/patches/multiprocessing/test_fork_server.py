"""A process that the fork server starts is judged once, whether the server runs already or not."""

from __future__ import annotations

import unittest
from multiprocessing import get_all_start_methods

import hermetic
import support

HAS_FORK_SERVER = "forkserver" in get_all_start_methods()

TESTS = """
    import multiprocessing, unittest, hermetic

    def start():
        process = multiprocessing.get_context("forkserver").Process(target=int)
        process.start()
        process.join()
        return process.exitcode

    class Case(unittest.TestCase):
        MEDIUM
        @hermetic.small
        def test_2_small(self): start()
        @hermetic.small
        def test_3_swallows(self):
            try:
                start()
            except Exception:
                pass
        @hermetic.large
        def test_4_large(self): self.assertEqual(start(), 0)
"""
MEDIUM = """
        @hermetic.medium
        def test_1_medium(self): self.assertEqual(start(), 0)
"""


@hermetic.medium  # it starts processes
@unittest.skipUnless(HAS_FORK_SERVER, "this platform has no fork server")
class ForkServerTest(unittest.TestCase):
    def run_tests(self, tests: str, *options: str) -> str:
        with support.Folder(**{"test_it.py": tests}) as folder:
            return support.run_hermetic("-v", "--time-limits", "off", *options, "test_it", cwd=folder).stderr

    def test_a_small_test_cannot_use_a_server_that_runs_already(self) -> None:
        err = self.run_tests(TESTS.replace("MEDIUM", MEDIUM.strip()))
        self.assertRegex(err, r"test_1_medium \(.*ok\n", err)
        self.assertRegex(err, r"test_2_small \(.*ERROR\n", err)
        self.assertRegex(err, r"test_3_swallows \(.*ERROR\n", err)
        self.assertRegex(err, r"test_4_large \(.*ok\n", err)
        self.assertIn("\nviolations: H003 subprocess: 2 in 2 tests\n", err)

    def test_the_start_of_the_server_itself_is_no_second_violation(self) -> None:
        err = self.run_tests(TESTS.replace("MEDIUM", ""), "--mode", "warn")
        self.assertIn("\nwarnings: H003 subprocess: 2 in 2 tests\n", err)
        self.assertRegex(err, r"\nOK\n", err)

    def test_a_program_can_be_allowed(self) -> None:
        allowed = "@hermetic.allow(processes=['python*'])\n        @hermetic.small\n        def test_2_small"
        err = self.run_tests(TESTS.replace("MEDIUM", "").replace("@hermetic.small\n        def test_2_small", allowed))
        self.assertRegex(err, r"test_2_small \(.*ok\n", err)
        self.assertRegex(err, r"test_3_swallows \(.*ERROR\n", err)

    def test_a_run_without_sizes_is_left_alone(self) -> None:
        plain = TESTS.replace("MEDIUM", "").replace("@hermetic.small", "").replace("@hermetic.large", "")
        self.assertRegex(self.run_tests(plain), r"\nOK\n")
