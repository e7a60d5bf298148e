"""Fixtures of a marked class are called as unittest calls them, whatever kind of callable they are."""

from __future__ import annotations

import itertools

from hermetic import medium
from support import unmeasured_processes
from support.sample_runs import SampleRunCase

setUpModule = unmeasured_processes


@medium
class ClassFixturesOfAnyKindTest(SampleRunCase):
    TESTS = """
import functools, unittest
import hermetic

called = []

@MARK
class FixtureTest(unittest.TestCase):
    setUpClass = SET_UP
    tearDownClass = SET_UP

    def test_was_set_up(self):
        self.assertEqual(called, [1])
"""
    KINDS = (
        "staticmethod(lambda: called.append(1))",
        "classmethod(lambda cls: called.append(1))",
        "functools.partial(called.append, 1)",
    )

    def test_they_are_called_as_unittest_calls_them(self):
        for kind, mark in itertools.product(self.KINDS, ("hermetic.small", "hermetic.isolated")):
            with self.subTest(kind, mark=mark):
                text = self.TESTS.replace("MARK", mark).replace("SET_UP", kind)
                done, _ = self.run_sample("test_sample", **{"test_sample.py": text})
                self.assertEqual(done.returncode, 0, done.stderr)
