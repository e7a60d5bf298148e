"""The start of a child by Popen is judged once, by its own event unless a mock has hidden it."""

from __future__ import annotations

from hermetic import medium
from support import unmeasured_processes
from support.sample_runs import SampleRunCase

setUpModule = unmeasured_processes


@medium
class AnnouncedOnceTest(SampleRunCase):
    TESTS = """
import os, subprocess, sys, unittest
from unittest import mock
import hermetic

STARTS = {
    "forked": {}, "spawned": {"close_fds": False}, "by_a_shell": {"shell": True}, "with_an_environment": {"env": {}},
}

def starting(options):
    def test(self):
        patch = PATCH
        patch.start()  # and it is never stopped
        try:
            subprocess.Popen("true", **options).wait(20)
        except BaseException:
            pass
    return test

@hermetic.small
class StartingTest(unittest.TestCase):
    pass

for name, options in STARTS.items():
    setattr(StartingTest, f"test_{name}", starting(options))
"""
    HIDDEN = "mock.patch('sys.audit')"
    SEEN = "mock.patch('os.getlogin')"
    NAMES = ("forked", "spawned", "by_a_shell", "with_an_environment")

    def test_no_start_is_hidden_by_a_mock_of_the_function_that_announces_it(self):
        for options in ((), ("-j", "2"), ("--isolated",)):
            with self.subTest(options):
                done, errors = self.run_sample(*options, "test_sample", PATCH=self.HIDDEN)
                self.assert_errors(errors, done, {f"test_{name}": "[H003]" for name in self.NAMES})

    def test_a_start_that_is_let_happen_is_told_of_once(self):
        for patch in (self.HIDDEN, self.SEEN):
            with self.subTest(patch):
                done, _ = self.run_sample("--mode", "warn", "test_sample", PATCH=patch)
                self.assertIn("H003 subprocess: 4 in 4 tests", done.stderr)

    def run_sample(self, *arguments, PATCH):
        return super().run_sample(*arguments, **{"test_sample.py": self.TESTS.replace("PATCH", PATCH)})


@medium
class FailedStartTest(SampleRunCase):
    TESTS = """
import subprocess, unittest
from unittest import mock
import hermetic

@hermetic.small
class FailedTest(unittest.TestCase):
    def test_starts(self):
        with hermetic.allow(processes=["true"]), self.assertRaises(ValueError):
            subprocess.Popen(["true"], env={"a\\0b": ""})  # fails between its own event and the start
        with mock.patch("sys.audit"):
            try:
                subprocess.Popen(["true"]).wait(20)
            except BaseException:
                pass
"""

    def test_the_event_of_a_start_that_failed_does_not_excuse_the_next_start(self):
        done, errors = self.run_sample("test_sample")
        self.assert_errors(errors, done, {"test_starts": "[H003]"})
