"""Failures that are shown when they happen, and the failed tests in the summary."""

from __future__ import annotations

import io
import re
import shlex
import unittest

from hermetic import HermeticTestCase, medium
from hermetic._running.failures import FailedTests
from support import Folder, run_hermetic, run_python

TESTS = """
    import json, subprocess, unittest
    import hermetic

    class OrderTest(unittest.TestCase):
        def test_1_passes(self):
            pass
        def test_2_fails(self):
            print("printed before")
            self.assertEqual(1, 2, "two\\nlines")
        def test_3_has_subtests(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(number, 1)
        @unittest.expectedFailure
        def test_4_passes_unexpectedly(self):
            pass
        @hermetic.isolated
        def test_5_is_isolated(self):
            json.loads("{")

    class FixtureTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            raise ValueError
        def test_it(self):
            pass

    class SmallTest(hermetic.HermeticTestCase):
        def test_it(self):
            subprocess.run(["git"])
"""
LISTED = r"""failed tests:
  test_a.OrderTest.test_2_fails
    test_a.py:9: AssertionError: 1 != 2 : two
  test_a.OrderTest.test_3_has_subtests
    test_a.py:13: AssertionError: 1 == 1
  test_a.OrderTest.test_4_passes_unexpectedly
    unexpected success
  test_a.OrderTest.test_5_is_isolated
    test_a.py:19: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
  setUpClass (test_a.FixtureTest)
    test_a.py:24: ValueError
  test_a.SmallTest.test_it
    test_a.py:30: SubprocessViolationError: [H003] subprocess violation: small test test_a.SmallTest.test_it started "git"
"""  # noqa: E501 - as it is printed


def blocks(text: str) -> list[str]:
    """The headings of the failures in the text of a run, in their order."""
    return re.findall(r"(?m)^(?:FAIL|ERROR): (\w+)", text)


@medium
class ShowFailuresTest(unittest.TestCase):
    maxDiff = None

    def test_now_shows_each_once_and_lists_all_in_the_summary(self):
        shown = ["setUpClass", "test_2_fails", "test_3_has_subtests", "test_5_is_isolated", "test_it"]
        with Folder(**{"test_a.py": TESTS}) as folder:
            for options in ([], ["-v"], ["-j", "2"], ["-b"]):
                with self.subTest(options=options):
                    text = run_hermetic("--show-failures", "now", *options, "test_a", cwd=folder).stderr
                    self.assertEqual(blocks(text), shown, text)
                    listed = text[text.index("failed tests:") :].splitlines()[:13]
                    self.assertEqual(sorted(listed), sorted(LISTED.splitlines()), text)

    def test_the_list_comes_with_the_command_that_reruns_the_tests_in_it(self):
        with Folder(**{"test_a.py": TESTS}) as folder:
            asked = {"HERMETIC_HISTORY": "history"}
            text = run_hermetic("--show-failures", "now", "test_a", cwd=folder, env=asked).stderr
            command = re.search(r"(?m)^to rerun the failed tests: \S+ (.*)$", text)
            self.assertIsNotNone(command, text)
            again = run_python(*shlex.split(command[1]), cwd=folder, env=asked).stderr
        self.assertIn("Ran 5 tests", again)

    def test_a_failure_comes_after_its_mark_and_before_the_next_test(self):
        with Folder(**{"test_a.py": TESTS}) as folder:
            text = run_hermetic("--show-failures", "now", "-v", "test_a.OrderTest", cwd=folder).stderr
        tests = re.findall(r"(?m)^(test_\d\w+) \(.*\.\.\. |^(?:FAIL|ERROR): (test_\d)", text)
        order = ["test_1", "test_2", "test_2", "test_3", "test_3", "test_4", "test_5", "test_5"]
        self.assertEqual([(test or failed)[:6] for test, failed in tests], order, text)

    def test_a_piped_run_has_the_text_of_unittest(self):
        with Folder(**{"test_a.py": TESTS.replace("@hermetic.isolated", "")}) as folder:
            plain = run_python("-m", "unittest", "test_a.OrderTest", cwd=folder).stderr
            for options in ([], ["--show-failures", "end"]):
                text = run_hermetic(*options, "test_a.OrderTest", cwd=folder).stderr
                self.assertEqual(*(re.sub(r"in [\d.]+s", "", run) for run in (text, plain)))

    def test_scripts_show_failures_as_the_environment_says(self):
        script = "import unittest\nunittest.main(module='test_a', argv=['x', 'OrderTest'])\n"
        with Folder(**{"test_a.py": TESTS, "run.py": script}) as folder:
            done = run_hermetic("--script", "run.py", cwd=folder, env={"HERMETIC_SHOW_FAILURES": "now"})
        self.assertRegex(done.stderr, r"\A\.F\n={70}\nFAIL: test_2_fails")
        self.assertIn("failed tests:\n  test_a.OrderTest.test_2_fails\n", done.stderr)


class FailedTestsTest(HermeticTestCase):
    def lines(self, errors: list[object]) -> list[str]:
        found = FailedTests()
        for number, error in enumerate(errors):
            found.addError(f"test_{number}", error)
        return found.summary_lines(None, io.StringIO())

    def test_only_the_first_are_listed(self):
        self.assertEqual(self.lines([])[:1], [])
        lines = self.lines([(ValueError, ValueError(), None)] * 52)
        self.assertEqual((lines[1:3], lines[-1]), (["  test_0", "    ValueError"], "  and 2 more"))

    def test_a_line_is_short_and_moves_no_cursor(self):
        error = ValueError("\x1b[2J" + "x" * 1000)
        (line,) = self.lines([(ValueError, error, None)])[2:]
        self.assertRegex(line, r"\A    ValueError: \[2Jx+\u2026\Z")
        self.assertLess(len(line), 210)

    def test_what_no_result_of_unittest_is_told_is_listed_by_name(self):
        class Unprintable(Exception):
            def __str__(self) -> str:
                raise TypeError

        unprintable = Unprintable()
        self.assertEqual(self.lines([None])[1:], ["  test_0"])
        self.assertEqual(self.lines([(Unprintable, unprintable, None)])[2:], ["    Unprintable"])
