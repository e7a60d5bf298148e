"""Fixtures that pass, fail, or skip are reported as by unittest, in every mode.

Each combination is a module with one test, so that a fixture runs as often in a process per test as in one process.
"""

from __future__ import annotations

import functools
import itertools
import re
import unittest

import support
from hermetic import medium
from hermetic._base import features

setUpModule = support.some_pythons_do

FIXTURES = {
    "set_up_module": "def setUpModule(): act('it')",
    "tear_down_module": "def tearDownModule(): act('it')",
    "module_cleanup": "def setUpModule(): unittest.addModuleCleanup(act, 'it')",
    "module_twice": "def setUpModule(): unittest.addModuleCleanup(act, 'cleanup'); act('it')",
    "set_up_class": "@classmethod\n    def setUpClass(cls): act('it')",
    "tear_down_class": "@classmethod\n    def tearDownClass(cls): act('it')",
    "class_cleanup": "@classmethod\n    def setUpClass(cls): cls.addClassCleanup(act, 'it')",
    "class_twice": "@classmethod\n    def setUpClass(cls): cls.addClassCleanup(act, 'cleanup'); act('it')",
    "set_up": "def setUp(self): act('it')",
    "tear_down": "def tearDown(self): act('it')",
}
OUTCOMES = {
    "passing": "print('in', what)",
    "failing": "raise AssertionError(what)",
    "broken": "raise RuntimeError(what)",
    "skipping": "raise unittest.SkipTest(what)",
}
if features.WINDOWS:  # where processes start slowly
    del OUTCOMES["passing"], OUTCOMES["broken"]
    del FIXTURES["module_cleanup"], FIXTURES["class_cleanup"], FIXTURES["set_up"], FIXTURES["tear_down"]
TESTS = {
    "pass": ("", "def test_it(self): pass"),
    "fail": ("", "def test_it(self): self.fail('wanted')"),
    "skipped": ("", "@unittest.skip('not now')\n    def test_it(self): pass"),
    "of_skipped_class": ("@unittest.skip('not now')", "def test_it(self): pass"),
}
SEVERAL = (
    "",
    (
        "def test_a(self): pass\n    @unittest.skip('not now')\n    def test_b(self): pass\n"
        "    def test_c(self): self.fail('wanted')"
    ),
)


def module_text(fixture: str, outcome: str, tests: tuple[str, str], mark: str) -> str:
    """A test module with one class, whose fixture, or that of the module, comes to an outcome."""
    of_module = fixture.startswith("def") and "Module" in fixture
    decorator, methods = tests
    lines = [
        f"import unittest\nimport hermetic\ndef act(what): {outcome}\n",
        fixture if of_module else "",
        mark,
        decorator,
    ]
    lines += ["class CaseTest(unittest.TestCase):", "" if of_module else f"    {fixture}", f"    {methods}"]
    return "\n".join(lines) + "\n"


def modules(mark: str, kinds: dict[str, tuple[str, str]]) -> dict[str, str]:
    """The texts of a module for each combination, by the names of their files."""
    return {
        f"test_{fixture}_{outcome}_{tests}.py": module_text(FIXTURES[fixture], OUTCOMES[outcome], kinds[tests], mark)
        for fixture, outcome, tests in itertools.product(FIXTURES, OUTCOMES, kinds)
    }


def reported(stderr: str) -> list[str]:
    """The lines that say what became of tests and fixtures, and the counts; not the tracebacks."""
    wanted = re.compile(r".* \.\.\. |(ERROR|FAIL): |\w+Error: |Ran |OK|FAILED|NO TESTS")
    return [re.sub(r" in [\d.]+s", "", line) for line in stderr.splitlines() if wanted.match(line)]


@functools.cache
def said_by_unittest(kinds: str) -> list[str]:
    """What unittest reports of all modules."""
    with support.Folder(**modules("", KINDS[kinds])) as folder:
        return reported(support.run_python("-m", "unittest", "discover", "-v", cwd=folder).stderr)


KINDS = {"single": TESTS, "failing": {"fail": TESTS["fail"]}, "several": {"several": SEVERAL}}
ALONE = "failing" if features.WINDOWS else "single"  # where each test has a process


class FixtureOutcomesTest(unittest.TestCase):
    maxDiff = None

    def assert_as_unittest(self, *options: str, mark: str = "", kinds: str = "single") -> None:
        with support.Folder(**modules(mark, KINDS[kinds])) as folder:
            done = support.run_hermetic("discover", "-v", *options, cwd=folder)
        self.assertEqual(reported(done.stderr), said_by_unittest(kinds))

    @medium
    def test_plain_run(self):
        self.assert_as_unittest()

    @medium
    def test_two_workers(self):
        self.assert_as_unittest("-j", "2")

    @medium
    @support.not_measured
    def test_two_workers_with_several_tests_in_a_class(self):
        self.assert_as_unittest("-j", "2", kinds="several")

    @medium
    def test_every_test_isolated(self):
        self.assert_as_unittest("--isolated", kinds=ALONE)

    @medium
    @support.not_measured
    def test_every_test_isolated_in_two_workers(self):
        self.assert_as_unittest("--isolated", "-j", "2", kinds=ALONE)

    @medium
    @support.not_measured
    def test_marked_classes(self):
        self.assert_as_unittest(mark="@hermetic.isolated", kinds=ALONE)

    @medium
    def test_marked_classes_with_several_tests(self):
        self.assert_as_unittest(mark="@hermetic.isolated", kinds="several")

    @medium
    @support.not_measured
    def test_marked_classes_in_two_workers(self):
        self.assert_as_unittest("-j", "2", mark="@hermetic.isolated", kinds=ALONE)

    @medium
    def test_groups(self):
        self.assert_as_unittest(mark="@hermetic.isolated(group='together')", kinds="several")

    @medium
    @support.not_measured
    def test_marked_modules(self):
        self.assert_as_unittest(mark="__hermetic__ = hermetic.isolated", kinds="several")

    @medium
    @support.not_measured
    @support.posix_only("other workers")
    def test_fresh_interpreters(self):
        self.assert_as_unittest("--isolated-start", "fresh", mark="@hermetic.isolated", kinds="several")


SUBJECTS = """
import sys, unittest
import hermetic

class Result(unittest.TestResult):
    def addError(self, test, err):
        print(type(test).__module__, type(test).__name__, test.id())
    def addSkip(self, test, reason):
        self.addError(test, None)

class FailingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError
    def test_it(self): pass

class SkippingTest(FailingTest):
    @classmethod
    def setUpClass(cls): pass
    @classmethod
    def tearDownClass(cls): raise unittest.SkipTest

if len(sys.argv) > 1:
    hermetic.isolated(FailingTest)
    hermetic.isolated(SkippingTest)
if __name__ == "__main__":
    for cls in (FailingTest, SkippingTest):
        unittest.TestSuite([cls("test_it")]).run(Result())
"""


class FixtureSubjectTest(unittest.TestCase):
    @medium
    def test_other_runners_are_handed_what_unittest_hands_them_for_a_fixture(self):
        with support.Folder(**{"sample.py": SUBJECTS}) as folder:
            plain, isolated = (support.run_python("sample.py", *given, cwd=folder) for given in ([], ["isolated"]))
        self.assertEqual(plain.stdout.count("unittest.suite _ErrorHolder"), 2, plain.stderr)
        self.assertEqual(isolated.stdout.replace("__mp_main__", "__main__"), plain.stdout, isolated.stderr)
