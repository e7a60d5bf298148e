"""The seam: what it replaces is put back, and nothing else is touched."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import textwrap
from unittest import mock

import hermetic
from hermetic import SubprocessMock, medium
from hermetic._verdicts import scopes as guard_state
from support import Folder, run_hermetic, run_python

SEAMS = {
    subprocess.Popen: ("_execute_child", "_internal_poll", "_wait", "send_signal", "__init__"),
    subprocess: ("run", "Popen", "call", "check_output", "_time", "_PopenSelector"),
    os: ("system", "popen"),
    shutil: ("which",),
}


def state() -> list[object]:
    """All that a double may replace."""
    which = shutil.which
    return [
        *(vars(holder)[name] for holder, names in SEAMS.items() for name in names),
        *(which.__code__, which.__kwdefaults__),
    ]


class RestoringTest(hermetic.HermeticTestCase):
    def test_all_is_put_back_at_the_end(self):
        before = state()
        with SubprocessMock():
            self.assertNotEqual(state(), before)
        for now, then in zip(state(), before, strict=True):
            self.assertIs(now, then)

    def test_all_is_put_back_after_an_error(self):
        before = state()
        with self.assertRaises(KeyError), SubprocessMock():
            raise KeyError
        self.assertEqual(state(), before)

    def test_doubles_may_end_in_any_order(self):
        before = state()
        first, second = SubprocessMock(), SubprocessMock()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        self.assertNotEqual(state(), before)
        second.__exit__(None, None, None)
        self.assertEqual(state(), before)

    def test_run_and_popen_stay_what_they_are(self):
        run, popen = subprocess.run, subprocess.Popen
        with SubprocessMock():
            self.assertIs(subprocess.run, run)
            self.assertIs(subprocess.Popen, popen)


class ConflictTest(hermetic.HermeticTestCase):
    def test_a_foreign_patch_is_refused_at_entry(self):
        for name in (
            "subprocess.run",
            "subprocess.Popen",
            "subprocess.check_output",
            "shutil.which",
            "os.system",
            "subprocess.Popen._wait",
        ):
            with self.subTest(name=name), mock.patch(name), self.assertRaises(hermetic.ConflictError) as caught:
                SubprocessMock().__enter__()
            self.assertTrue(str(caught.exception).startswith(f"{name} is replaced already, by <MagicMock"))

    def test_a_refused_entry_leaves_nothing_behind(self):
        before = state()
        with mock.patch("subprocess.run"), self.assertRaises(hermetic.ConflictError), SubprocessMock():
            pass
        self.assertEqual(state(), before)

    def test_a_double_may_be_stopped_twice(self):
        with SubprocessMock() as sp:
            sp.stop()
            self.assertIsNone(sp.stop())

    def test_a_patch_that_is_started_inside_and_left_is_told_at_the_end(self):
        patch = mock.patch("os.system")
        with self.assertRaisesRegex(hermetic.ConflictError, "^os.system is replaced"), SubprocessMock():
            patch.start()
        patch.stop()
        os.system = _REAL_SYSTEM

    def test_a_patch_inside_wins(self):
        with SubprocessMock() as sp, mock.patch("subprocess.run", return_value="patched"):
            self.assertEqual(subprocess.run(["git"]), "patched")
            sp.assert_not_called()

    def test_a_patch_between_two_doubles_is_a_conflict(self):
        self.subprocess.install()
        for name in ("subprocess.run", "shutil.which", "os.system"):
            with mock.patch(name), self.assertRaises(hermetic.ConflictError), SubprocessMock():
                pass

    def test_nested_doubles_do_not_conflict(self):
        with SubprocessMock() as outer, SubprocessMock() as inner:
            inner.mock_run(["inner"], returncode=1)
            self.assertEqual(subprocess.call(["inner"]), 1)
            outer.assert_not_called()


_REAL_SYSTEM = os.system


class GuardTest(hermetic.HermeticTestCase):
    def test_the_replacement_of_the_guard_is_no_conflict_and_a_copy_of_its_marks_is_one(self):
        self.assertEqual(os.system.__module__, "posix")  # the guard's, which looks like the original

        @functools.wraps(os.system)
        def foreign(command):
            return 0

        with (
            mock.patch("os.system", foreign),
            self.assertRaisesRegex(hermetic.ConflictError, "^os.system"),
            SubprocessMock(),
        ):
            pass

    def test_a_doubled_command_is_not_counted_as_a_process(self):
        self.subprocess.mock_run(..., times=None)
        with hermetic.guard("medium"):
            subprocess.run(["a"])
            os.system("a")
            scope = guard_state.active()
            self.assertEqual((scope.starts, scope.has_children), (0, False))


@medium
class RealChildTest(hermetic.HermeticTestCase):
    def test_an_allowed_child_is_counted_and_told_of_the_policy(self):
        for command in ("echo ${HERMETIC_CHILD:+told}", "exit ${HERMETIC_CHILD:+3}"):
            self.subprocess.allow(command)
        self.assertEqual(subprocess.getoutput("echo ${HERMETIC_CHILD:+told}"), "told")
        self.assertEqual(os.system("exit ${HERMETIC_CHILD:+3}"), 3 << 8)
        self.assertEqual(guard_state.active().starts, 2)

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
        self.assertEqual(done.stdout.split(), ["256", "256"])
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
