"""Processes that start each other without end are one error, and the next test runs.

Each of them ends by itself after some dozens, should the ceilings fail.
"""

from __future__ import annotations

import os
import unittest

import support
from hermetic import medium
from support import Folder
from support.sample_runs import METHODS, SampleRunCase

setUpModule = support.some_pythons_do

_CEILING = "H008] multiprocessing violation"


@medium
class CeilingTest(SampleRunCase):
    WORK = """
        import multiprocessing

        def start_another(left):
            if left:
                process = multiprocessing.Process(target=start_another, args=(left - 1,))
                process.start()
                process.join()
    """
    TESTS = """
        import multiprocessing, os, subprocess, sys, unittest, work
        from hermetic import medium

        class LegacyTest(unittest.TestCase):
            def test_a_process_that_starts_itself(self):
                work.start_another(30)

            def test_z_the_next_one(self):
                print("the next one ran")

        @medium
        class MediumTest(unittest.TestCase):
            def test_a_process_that_starts_itself_in_a_medium_test(self):
                work.start_another(30)

            def test_a_script_that_runs_itself(self):
                subprocess.run([sys.executable, "itself.py", "30"])

            def test_forks_in_a_loop(self):
                for _ in range(7):
                    os.fork()

            def test_starts_in_a_loop(self):
                for _ in range(40):
                    process = multiprocessing.get_context("fork").Process(target=abs, args=(1,))
                    process.start()
                    process.join()

            def test_a_forked_copy_that_returns(self):
                child = os.fork()
                if child:
                    os.waitpid(child, 0)

            def test_a_forked_copy_that_fails(self):
                child = os.fork()
                if not child:
                    raise ValueError("in the child")
                os.waitpid(child, 0)

            def test_z_the_next_one(self):
                print("the next one ran")
    """
    SCRIPT = """
        import subprocess, sys
        if int(sys.argv[1]):
            subprocess.run([sys.executable, __file__, str(int(sys.argv[1]) - 1)])
    """

    def run_with_ceilings(self, *arguments):
        ceilings = ("--max-process-depth", "4", "--max-processes", "25", "--max-process-starts", "20")
        return self.run_sample(*ceilings, *arguments, **{"itself.py": self.SCRIPT})

    @support.posix_only("fork")
    def test_each_is_one_error_and_the_next_test_runs(self):
        runaways = (
            "a_process_that_starts_itself", "a_process_that_starts_itself_in_a_medium_test", "forks_in_a_loop",
            "a_script_that_runs_itself", "starts_in_a_loop", "a_forked_copy_that_returns", "a_forked_copy_that_fails",
        )  # fmt: skip
        for method in METHODS:
            with self.subTest(method=method):
                done, errors = self.run_with_ceilings("--start-method", method)
                self.assert_errors(errors, done, {f"test_{name}": _CEILING for name in runaways})
                self.assertEqual(done.stdout.count("the next one ran"), 2)
                self.assertIn("Ran 9 tests", done.stderr)

    @support.posix_only("fork")
    def test_the_error_names_the_ceiling_and_the_line(self):
        _, [(_, text)] = self.run_with_ceilings("test_sample.MediumTest.test_starts_in_a_loop")
        self.assertIn("reached a limit on processes: max_process_starts = 20\n", text)
        self.assertIn(f"at test_sample.py:{self.line_of('process.start()')} in test_starts_in_a_loop", text)

    def line_of(self, words):
        return next(number for number, line in enumerate(self.TESTS.splitlines()) if words in line)

    def test_no_file_is_left_behind(self):
        with Folder() as temporary:
            name = "test_sample.LegacyTest.test_a_process_that_starts_itself"
            self.run_sample(name, "--max-process-depth", "4", env={"TMPDIR": temporary})
            self.assertEqual([name for name in os.listdir(temporary) if name.startswith("hermetic-")], [])


if __name__ == "__main__":
    unittest.main()
