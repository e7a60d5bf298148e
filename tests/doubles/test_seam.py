"""Doubles beside the guard, real children, and other doubles, and in whole runs."""

from __future__ import annotations

import os
import subprocess
import textwrap

import hermetic
from hermetic import SubprocessMock, medium
from hermetic._base import features
from hermetic._verdicts import scopes as guard_state
from support import Folder, run_hermetic, run_python

# Commands that tell whether the policy was passed on.
ECHO, EXIT = "echo ${HERMETIC_CHILD:+told}", "exit ${HERMETIC_CHILD:+3}"
if features.WINDOWS:
    ECHO, EXIT = "if defined HERMETIC_CHILD echo told", "if defined HERMETIC_CHILD exit 3"


class GuardTest(hermetic.HermeticTestCase):
    def test_a_doubled_command_is_not_counted_as_a_process(self):
        self.subprocess.mock_run(..., times=None)
        with hermetic.guard("medium"):
            subprocess.run(["a"])
            os.system("a")
            scope = guard_state.active()
            self.assertEqual((scope.count_start(), scope.has_children), (1, False))


@medium
class RealChildTest(hermetic.HermeticTestCase):
    def test_an_allowed_child_is_counted_and_told_of_the_policy(self):
        for command in (ECHO, EXIT):
            self.subprocess.allow(command)
        self.assertEqual(subprocess.getoutput(ECHO), "told")
        self.assertEqual(os.system(EXIT), 3 if features.WINDOWS else 3 << 8)
        self.assertEqual(guard_state.active().count_start(), 3)

    def test_a_guard_that_begins_within_the_block_stays_below_the_double(self):
        code = """
            import os, subprocess, hermetic
            with hermetic.SubprocessMock() as sp:
                sp.mock_run("a", returncode=1, times=2)
                with hermetic.guard("small"):
                    print(os.system("a"))
                print(os.system("a"))
            with hermetic.guard("small"):
                os.system("a")
        """
        done = run_python("-c", textwrap.dedent(code))
        self.assertEqual(done.stdout.split(), ["1" if features.WINDOWS else "256"] * 2)
        self.assertIn("hermetic.SubprocessViolationError: [H003]", done.stderr)


class NestingTest(hermetic.HermeticTestCase):
    def test_the_innermost_answers_and_the_outer_resumes(self):
        self.subprocess.mock_run(["git"], returncode=1)
        self.subprocess.mock_run(["git"], returncode=3)
        statuses = [subprocess.call(["git"])]
        with SubprocessMock() as inner:
            inner.mock_run(["git"], returncode=2)
            statuses.append(subprocess.call(["git"]))
        statuses.append(subprocess.call(["git"]))
        self.assertEqual(statuses, [1, 2, 3])

    def test_the_inner_one_does_not_fall_through(self):
        self.subprocess.mock_run(["git"], required=False)
        with self.assertRaises(hermetic.UnmockedInteractionError), SubprocessMock():
            subprocess.run(["git"])


@medium
class EndToEndTest(hermetic.HermeticTestCase):
    def test_a_scripted_command_in_a_small_test_is_no_violation(self):
        with Folder(**{"test_small.py": SMALL_TESTS}) as folder:
            done = run_hermetic("discover", "-s", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 2 tests", done.stderr)

    def test_what_hermetic_starts_itself_is_let_through(self):
        with Folder(**{"test_class.py": TESTS_OF_A_CLASS}) as folder:
            for runner in ("hermetic", "unittest"):
                done = run_python("-m", runner, "discover", "-s", folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("Ran 2 tests", done.stderr)


SMALL_TESTS = """
import subprocess
from subprocess import run
import unittest
from hermetic import HermeticTestCase, SubprocessMock, small

class OwnTest(HermeticTestCase):
    def test_version(self):
        self.subprocess.mock_run(["git", "--version"], stdout="git version 2.39\\n")
        self.assertEqual(run(["git", "--version"], capture_output=True).stdout, b"git version 2.39\\n")

@small
class LegacyTest(unittest.TestCase):
    def test_version(self):
        with SubprocessMock() as sp:
            sp.mock_run(["git"], returncode=1)
            self.assertEqual(subprocess.call(["git"]), 1)
"""

TESTS_OF_A_CLASS = """
import subprocess
import hermetic

class ClassTest(hermetic.HermeticTestCase):
    @classmethod
    def setUpClass(cls):
        double = hermetic.SubprocessMock()
        double.mock_run(["git"], returncode=1, times=None)
        double.__enter__()
        cls.addClassCleanup(double.__exit__, None, None, None)

    def test_here(self):
        self.assertEqual(subprocess.call(["git"]), 1)

    @hermetic.isolated
    def test_isolated(self):
        self.assertEqual(subprocess.call(["git"]), 1)
"""
