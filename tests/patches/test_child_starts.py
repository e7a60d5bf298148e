"""What a double replaces is put back, and what somebody else has replaced is a conflict."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from unittest import mock

import hermetic
from hermetic import SubprocessMock
from hermetic._base import features

_REAL_SYSTEM = os.system
_ON_POSIX = () if features.WINDOWS else ("_PopenSelector",)
SEAMS = {
    subprocess.Popen: (
        *("_execute_child", "_internal_poll", "_wait", "_communicate"),
        *("send_signal", "terminate", "kill", "__init__"),
    ),
    subprocess: ("run", "Popen", "call", "check_output", "_time", *_ON_POSIX),
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
            self.assertTrue(str(caught.exception).startswith(f"{name} is already patched, by <MagicMock"))

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
        with self.assertRaisesRegex(hermetic.ConflictError, "^os.system is already patched"), SubprocessMock():
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

    def test_the_replacement_of_the_guard_is_no_conflict_and_a_copy_of_its_marks_is_one(self):
        self.assertEqual(os.system.__module__, os.name)  # the guard's, which looks like the original

        @functools.wraps(os.system)
        def foreign(command):
            return 0

        with (
            mock.patch("os.system", foreign),
            self.assertRaisesRegex(hermetic.ConflictError, "^os.system"),
            SubprocessMock(),
        ):
            pass
