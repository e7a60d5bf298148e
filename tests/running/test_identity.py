"""Each test has its own outcome, even if tests share an id or compare equal."""

from __future__ import annotations

import json
import os
import unittest

from hermetic import medium
from support import Folder, run_hermetic, unmeasured_processes

setUpModule = unmeasured_processes
TESTS = """
import unittest

class SameTest(unittest.TestCase):
    number = 0
    def id(self): return "same"
    def test_it(self):
        print("number", self.number)
        self.assertNotEqual(self.number, 1)

class LyingTest(SameTest):
    def __eq__(self, other): return True
    def __hash__(self): return 1

class RaisingTest(SameTest):
    def __eq__(self, other): raise TypeError("not comparable")
    def __hash__(self): raise TypeError("no hash")

class ChangingTest(unittest.TestCase):
    calls = 0
    def id(self):
        type(self).calls += 1
        return f"changing {self.calls}"
    def test_it(self): self.fail("wanted")

class UnnamedTest(unittest.TestCase):
    def id(self): raise RuntimeError("no id")
    def __str__(self): return "unnamed"
    def test_it(self): self.fail("wanted")

class LongTest(unittest.TestCase):
    def id(self): return "long " + "x" * 2_000_000 + "\\ud800\\0\\n"
    def __str__(self): return "long"
    def test_it(self): self.fail("wanted")

class Meta(type):
    __hash__ = None
    def __eq__(self, other): return True

class OfMetaTest(unittest.TestCase, metaclass=Meta):
    def test_it(self): self.fail("wanted")

def load_tests(loader, tests, pattern):
    suite = unittest.TestSuite()
    for cls in (SameTest, LyingTest, RaisingTest):
        for number in range(3):
            test = cls("test_it")
            test.number = number
            suite.addTest(test)
    suite.addTests(cls("test_it") for cls in (ChangingTest, UnnamedTest, LongTest, OfMetaTest))
    return suite
"""
OUTCOMES = [*["success", "failure", "success"] * 3, *["failure"] * 4]
MODES = (
    (),
    ("-b", "--failed-first"),
    ("-j", "2"),
    ("--isolated",),
    ("--isolated", "--isolated-start", "fresh"),
    ("--start-method", "all"),
    ("--detect-leaks",),
    ("--survey",),
)


class IdentityTest(unittest.TestCase):
    @medium
    def test_each_test_has_its_own_outcome_and_record(self):
        with Folder(**{"test_odd.py": TESTS}) as folder:
            for mode in MODES:
                with self.subTest(mode=mode):
                    done = run_hermetic(*mode, "--json", "report.json", "test_odd", cwd=folder)
                    self.assertIn("Ran 13 tests", done.stderr)
                    self.assertEqual(done.returncode, 1, done.stderr[-2000:])
                    with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                        records = json.load(file)["tests"]
                    self.assertEqual([record["outcome"] for record in records], OUTCOMES)

    @medium
    def test_what_a_test_writes_is_in_its_own_record(self):
        with Folder(**{"test_odd.py": TESTS}) as folder:
            run_hermetic("-b", "--json", "report.json", "test_odd", cwd=folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                written = [record.get("stdout", "").strip() for record in json.load(file)["tests"]]
        self.assertEqual(written[:9], [f"number {number}" for number in (0, 1, 2)] * 3)

    @medium
    def test_a_run_method_that_was_put_on_one_test_runs_once(self):
        with Folder(**{"test_run.py": OWN_RUN}) as folder:
            for mode in ((), ("-j", "2")):
                with self.subTest(mode=mode):
                    done = run_hermetic(*mode, "test_run", cwd=folder)
                    self.assertEqual(sorted(done.stdout.split()), ["OtherTest", "OwnTest"])
                    self.assertIn("FAILED (errors=1)", done.stderr)


OWN_RUN = """
import unittest

class OwnTest(unittest.TestCase):
    def test_it(self): print(type(self).__name__, flush=True)

class OtherTest(OwnTest):
    pass

def load_tests(loader, tests, pattern):
    own, other = OwnTest("test_it"), OtherTest("test_it")
    def run(result):
        result.startTest(own)
        own.test_it()
        result.addError(own, (ValueError, ValueError("by its own run"), None))
        result.stopTest(own)
    own.run = run
    return unittest.TestSuite([own, other])
"""
