"""``--pdb`` on a terminal, and what it says where there is none."""

from __future__ import annotations

import re
import unittest

import support
from hermetic import medium
from support import Folder, run_hermetic
from support.terminals import TerminalCase

setUpModule = support.some_pythons_do_and_the_measured

TESTS = """
    import subprocess, unittest
    import hermetic

    def total(prices):
        return sum(prices[1:])

    class FixtureTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            name = "of the class"
            raise ValueError
        def test_it(self):
            pass

    class OrderTest(unittest.TestCase):
        def tearDown(self):
            print("torn down")
        def test_1_fails(self):
            prices = [2, 3]
            print("captured")
            self.assertEqual(total(prices), 5)
        def test_2_has_subtests(self):
            for number in range(2):
                with self.subTest(number=number):
                    self.assertEqual(number, 0)
        @hermetic.small
        def test_3_violates(self):
            program = "git"
            subprocess.run([program])
        def test_4_passes(self):
            pass

    class AsyncTest(unittest.IsolatedAsyncioTestCase):
        async def test_it(self):
            local = "of the coroutine"
            raise KeyError("x")

    class IsolatedTest(unittest.TestCase):
        @hermetic.isolated
        def test_it(self):
            self.fail("elsewhere")
"""


@medium
class PostMortemTest(TerminalCase):
    def run_pdb(self, *arguments, answers=()):
        with Folder(**{"test_a.py": TESTS}) as folder:
            return self.run_on_terminal(
                folder, "--pdb", *arguments, answers=answers, NO_COLOR="1", TERM="dumb", PYTHON_BASIC_REPL="1"
            )

    def test_it_stops_where_each_test_failed_and_c_goes_on(self):
        values = ("local", "name", "prices", "number", "program")
        answers = [text for value in values for text in (f"p {value}, 6 * 7", "c")]
        text, status = self.run_pdb("test_a", answers=answers)
        for value in ("'of the coroutine'", "'of the class'", "[2, 3]", "'git'"):
            self.assertIn(f"({value}, 42)", text)
        self.assertRegex(text, r"\(1, 42\)")  # from 3.11 on; before, the test is over by then, with the same number
        elsewhere = r"--pdb: test_a.IsolatedTest.test_it failed in another process, where pdb has no terminal\r\n.*\r\n"
        self.assertRegex(text, elsewhere)
        self.assertRegex(text, r"to run all tests in one process: .* -m hermetic --no-isolation --pdb test_a\r\n")
        self.assertIn("Ran 6 tests", text)
        self.assertIn("FAILED (failures=3, errors=3)", text)
        self.assertEqual((status, len(re.findall("failed here", text))), (1, 5), text)

    def test_q_ends_the_run_with_its_summary_after_the_cleanups_of_the_test(self):
        text, status = self.run_pdb("test_a.OrderTest", answers=["q"])
        self.assertIn("torn down", text)
        self.assertIn("The run ended early: q in pdb, after 1 of 4 tests\r\n", text)
        self.assertIn("    test_a.py:21: AssertionError: 3 != 5\r\n", text)
        self.assertIn("FAILED (failures=1)", text)
        self.assertEqual(status, 1)

    def test_captured_output_is_shown_before_and_captured_again_after(self):
        text, _ = self.run_pdb("-b", "-f", "test_a.OrderTest", answers=["print('typed')", "c"])
        before, _, after = text.partition("failed here")
        self.assertIn("Stdout:\r\ncaptured\r\n", before)
        self.assertIn("\ntyped\r\n", after)
        self.assertIn("Ran 1 test ", after)

    def test_in_workers_a_word_says_so_and_under_a_script_it_stops(self):
        script = "import unittest\nunittest.main(module='test_a', argv=['x', 'OrderTest.test_1_fails'])\n"
        text, _ = self.run_pdb("-j", "2", "test_a.OrderTest.test_1_fails", answers=[])
        self.assertIn("test_1_fails failed in another process", text)
        with Folder(**{"test_a.py": TESTS, "run.py": script}) as folder:
            arguments = ("--pdb", "--script", "run.py")
            text, status = self.run_on_terminal(folder, *arguments, answers=["p prices[1], 6 * 7", "q"], TERM="dumb")
        self.assertIn("(3, 42)", text)
        self.assertEqual(status, 1)


@medium
class NoTerminalTest(unittest.TestCase):
    def test_without_a_terminal_it_is_an_error_before_the_first_test(self):
        with Folder(**{"test_a.py": TESTS}) as folder:
            done = run_hermetic("--pdb", "test_a", cwd=folder, stdin="p 1\nq\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(
            "--pdb needs a terminal, but standard input or output is not one; leave the option out", done.stderr
        )
