"""``pytest.skip()`` and ``pytest.xfail()`` in a TestCase do not hide a violation."""

from __future__ import annotations

import unittest

from hermetic import medium
from support import Folder, run_python
from support.hosts import installed

TESTS = """
import subprocess, unittest
import hermetic, pytest

def swallow_and(leave):
    try:
        subprocess.run(["true"])
    except BaseException:
        leave("no such program")

@hermetic.small
class FixtureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        swallow_and(pytest.skip)

    def test_in_a_fixture(self):
        pass

@hermetic.small
class MethodTest(unittest.TestCase):
    def test_skips(self):
        swallow_and(pytest.skip)

    def test_fails_as_expected(self):
        swallow_and(pytest.xfail)

def test_block():
    with hermetic.guard("small"):
        swallow_and(pytest.xfail)
"""
SKIPPED_CLASS = """
import subprocess, unittest
import hermetic, pytest

@hermetic.small
class SkippedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pytest.skip("not today")

    def test_skipped(self):
        pass

class LaterTest(unittest.TestCase):
    def test_later(self):
        subprocess.run(["true"], check=True)
"""


@medium
@installed("pytest", "pytest")
class PytestSkipsTest(unittest.TestCase):
    def run_pytest(self, text: str) -> str:
        with Folder(**{"test_sample.py": text}) as folder:
            return run_python(
                "-m", "pytest", "-rA", "--tb=no", "-p", "no:cacheprovider", "test_sample.py", cwd=folder
            ).stdout

    def test_what_was_swallowed_before_is_an_error(self) -> None:
        out = self.run_pytest(TESTS)
        for test in ("FixtureTest::test_in_a_fixture", "MethodTest::test_skips", "MethodTest::test_fails_as_expected"):
            self.assertRegex(out, rf"(ERROR|FAILED) test_sample.py::{test} - hermetic")
        self.assertRegex(out, r"ERROR test_sample.py::test_block - hermetic")

    def test_the_size_of_a_skipped_class_holds_for_no_later_test(self) -> None:
        self.assertRegex(self.run_pytest(SKIPPED_CLASS), r"=+ 1 passed, 1 skipped in")
