"""Methods that ``load_tests`` sets on single tests have their own marks."""

from __future__ import annotations

import re
import unittest

from hermetic import medium
from support import Folder, run_hermetic

TESTS = """
import os, subprocess, types, unittest
import hermetic

def start(test):
    print(test.label, "isolated" if "HERMETIC_ISOLATED" in os.environ else "here", flush=True)
    try:
        subprocess.run(["true"])
    except hermetic.ViolationError:
        pass

class UnmarkedTest(unittest.TestCase):
    def test_it(self): pass

class LargeMethodTest(unittest.TestCase):
    @hermetic.large
    def test_it(self): pass

@hermetic.small
class SmallTest(unittest.TestCase):
    @hermetic.large
    def test_it(self): pass

def load_tests(loader, tests, pattern):
    def made(label, cls, method):
        test = cls("test_it")
        test.label, test.test_it = label, types.MethodType(method, test)
        return test
    return unittest.TestSuite([
        UnmarkedTest("test_it"),
        made("small-in-unmarked", UnmarkedTest, hermetic.small(start)),
        UnmarkedTest("test_it"),
        made("small-for-large", LargeMethodTest, hermetic.small(start)),
        made("unmarked-in-small", SmallTest, start),
        made("large-in-small", SmallTest, hermetic.large(start)),
        made("isolated-in-unmarked", UnmarkedTest, hermetic.isolated(start)),
    ])
"""


class OwnMethodsTest(unittest.TestCase):
    def assert_judged(self, *options: str, isolated: set[str]) -> None:
        with Folder(**{"test_own.py": TESTS}) as folder:
            done = run_hermetic("-v", *options, "test_own", cwd=folder)
        self.assertEqual(set(re.findall(r"^(\S+) isolated$", done.stdout, re.MULTILINE)), isolated, done.stdout)
        names = re.findall(r"H003\] .*test (test_own\.\w+)", done.stderr)
        self.assertEqual(names, [f"test_own.{name}Test" for name in ("Unmarked", "LargeMethod", "Small")], done.stderr)
        self.assertIn("Ran 7 tests", done.stderr)

    @medium
    def test_they_have_their_own_marks(self):
        self.assert_judged(isolated={"isolated-in-unmarked"})

    @medium
    def test_they_have_them_in_workers(self):
        self.assert_judged("-j", "2", isolated={"isolated-in-unmarked"})

    @medium
    def test_they_have_them_in_processes_of_their_own(self):
        labels = {"small-in-unmarked", "small-for-large", "unmarked-in-small", "large-in-small", "isolated-in-unmarked"}
        self.assert_judged("--isolated", isolated=labels)
