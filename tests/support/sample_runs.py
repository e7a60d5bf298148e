"""Runs small suites in their own process, and reads which tests failed."""

from __future__ import annotations

import multiprocessing
import re
import unittest

from hermetic._base import features
from support import TIMEOUT, Folder, run_hermetic

METHODS = multiprocessing.get_all_start_methods()
WALL_SECONDS = TIMEOUT if features.WINDOWS else 40.0


class SampleRunCase(unittest.TestCase):
    """Runs ``test_sample.py`` beside ``work.py``; the attributes are their texts.

    Attributes:
        WORK: what the children do.
        TESTS: what the tests do.
    """

    WORK = ""
    TESTS = ""

    def run_sample(self, *arguments, env=None, **files):
        """The finished process, and its errors: names of tests with their texts."""
        with Folder(**{"work.py": self.WORK, "test_sample.py": self.TESTS, **files}) as folder:
            done = run_hermetic(*arguments, cwd=folder, env=env, timeout=WALL_SECONDS)
        parts = re.split(r"={70}\n(?:ERROR|FAIL): (\w+)", done.stderr)
        return done, list(zip(parts[1::2], parts[2::2], strict=True))

    def assert_errors(self, errors, done, expected):
        """Each test has exactly one error, which holds the given words."""
        self.assertEqual(sorted(name for name, _ in errors), sorted(expected), done.stderr)
        for name, text in errors:
            with self.subTest(test=name):
                self.assertIn(expected[name], text)
