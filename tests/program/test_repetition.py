"""``--repeat`` and ``--until-failure``: how many runs there are, their seeds, and the exit status."""

from __future__ import annotations

import os
import re
from typing import ClassVar

import support
from hermetic import medium
from support import run_hermetic, run_python
from support.ordered_runs import FolderCase

setUpModule = support.some_pythons_do

_TESTS = """
    import os, sys, unittest

    class CountedTest(unittest.TestCase):
        def test_it(self):
            with open("runs", "a+") as file:
                print(hash("a"), file=file)
                file.seek(0)
                self.assertNotEqual(len(file.readlines()), 3)
"""
_SCRIPT = """
    import sys, unittest
    unittest.main("test_it", argv=["run.py", *sys.argv[1:]])
"""
_PROGRAM = """
    import hermetic
    hermetic.main("test_it", argv=["x", "--repeat", "2"])
"""


@medium
class RepetitionTest(FolderCase):
    FILES: ClassVar = {"test_it.py": _TESTS, "run.py": _SCRIPT, "main.py": _PROGRAM}

    def run_here(self, *arguments, **env):
        if os.path.exists(os.path.join(self.folder, "runs")):
            os.remove(os.path.join(self.folder, "runs"))
        self.done = run_hermetic(*arguments, cwd=self.folder, env={"HERMETIC_HISTORY": "off", **env})
        return self.done.returncode, self.done.stderr.splitlines()

    def hashes(self):
        with open(os.path.join(self.folder, "runs"), encoding="utf-8") as file:
            return [*map(int, file)]

    def test_all_runs_have_their_own_seed_and_the_failed_ones_are_named(self):
        status, lines = self.run_here("test_it", "--repeat", "4")
        started = [re.fullmatch(r"run (\d) of 4, PYTHONHASHSEED=(\d+)", line) for line in lines]
        seeds = {found[1]: found[2] for found in started if found}
        self.assertEqual((status, [*seeds], len(set(self.hashes()))), (1, [*"1234"], 4))
        self.assertEqual(lines[-2], "4 runs: 3 passed, 1 failed")
        self.assertRegex(lines[-1], f"^  run 3: .*PYTHONHASHSEED={seeds['3']}\\b.* -m hermetic test_it$")

    def test_a_seed_repeats_the_hashes(self):
        for _ in range(2):
            self.run_here("test_it", "--repeat=2", PYTHONHASHSEED="7")
            self.assertEqual(len(set(self.hashes())), 1)

    def test_the_first_failure_ends_the_runs_where_that_is_asked_for(self):
        for options, runs, status in ((["--until-failure"], 3, 1), (["--until-failure", "--repeat", "2"], 2, 0)):
            with self.subTest(options):
                found, lines = self.run_here(*options, "test_it")
                self.assertEqual((found, len(self.hashes())), (status, runs))
                self.assertIn(f"{runs} runs: 2 passed, {runs - 2} failed", lines)

    def test_a_flaky_test_fails_its_run(self):
        status, lines = self.run_here("test_it", "--until-failure", "--retries", "1")
        self.assertEqual((status, len(self.hashes())), (1, 4), self.done.stderr)
        self.assertIn("FAILED (flaky=1)", lines)

    def test_scripts_are_repeated(self):
        status, lines = self.run_here("--repeat", "3", "--script", "run.py", "-v", "--", "CountedTest")
        self.assertEqual((status, len(self.hashes())), (1, 3))
        self.assertTrue(lines[-1].endswith("-m hermetic --script run.py -v -- CountedTest"), lines[-1])

    def test_what_would_fail_each_time_ends_the_runs(self):
        status, lines = self.run_here("--repeat", "3", "--retry", "test_it")
        self.assertEqual(status, 2)
        self.assertIn("1 run: 0 passed, 1 failed", lines)

    def test_what_is_no_run_is_not_repeated(self):
        for arguments, text in (
            (["--repeat", "2", "--list"], "--repeat and --list cannot be used together; leave one of them out"),
            (["--until-failure", "--bisect", "x"], "--until-failure and --bisect cannot be used together"),
            (["--repeat", "2", "--tests-from", "-"], "--repeat and --tests-from - cannot be used together; write the"),
            (["--repeat", "0"], "--repeat 0 is not a whole number above 0; write one such as --repeat 20"),
        ):
            with self.subTest(arguments):
                status, lines = self.run_here(*arguments, "test_it")
                self.assertEqual(status, 2)
                self.assertIn(text, lines[-1])

    def test_a_program_with_arguments_of_its_own_says_that_it_cannot(self):
        done = run_python("main.py", cwd=self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--repeat is for the command line, but this program has made its own arguments", done.stderr)
