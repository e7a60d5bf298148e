"""Methods that ``load_tests`` sets on single tests have their own marks; misspelt marks are found at no cost a test."""

from __future__ import annotations

import re
import unittest
from unittest import mock

from hermetic import DecorationError, medium, small
from hermetic._rules import marking
from support import Folder, linux_only, run_hermetic, unmeasured_processes

setUpModule = unmeasured_processes

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


@linux_only("workers that have all that is imported, unpickled")
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


@small
class MisspeltTest(unittest.TestCase):
    def test_names_are_looked_at_once_for_all_tests_of_a_class(self):
        cls = type("Case", (unittest.TestCase,), {f"test_{number}": None for number in range(50)})
        with mock.patch.object(marking, "_is_misspelt", return_value=False) as looked:
            for number in range(50):
                list(marking.marks_of(cls, f"test_{number}"))
        names = [call.args[0] for call in looked.call_args_list]
        self.assertEqual([name for name in names if names.count(name) > 2], [])  # in the class, and in this module

    def test_a_name_that_comes_later_is_found(self):
        cls = type("Case", (unittest.TestCase,), {})
        marking.refuse_misspelt(cls)
        cls.__hermtic__ = small
        with self.assertRaisesRegex(DecorationError, "__hermtic__ = .* has no effect; write __hermetic__"):
            marking.refuse_misspelt(cls)
