"""``--bisect`` finds the earlier tests that make a test fail or pass, and prints the commands to reproduce it."""

from __future__ import annotations

import math
import os
import re
import shlex
import signal
import subprocess
import sys
import unittest
from typing import ClassVar

import support
from hermetic import medium
from hermetic._base import command, features
from support import TIMEOUT, Folder, not_inherited, package_folder, run_python

setUpModule = support.some_pythons_do

STATE = """
    import os

    seen = set()

    def count(name):
        with open(name, "a") as file:
            file.write("x")
        return os.path.getsize(name)
"""

# What runs before the others; each test notes its name, or something else.
EARLIER = """
    import os, time, unittest
    from state import seen

    def setUpModule():
        seen.add("setUpModule")

    def tearDownModule():
        seen.add("tearDownModule")

    class FixtureTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            seen.update({"setUpClass", "set up"})

        @classmethod
        def tearDownClass(cls):
            seen.add("tearDownClass")
            seen.discard("set up")

        def test_it(self):
            pass

    class ManyTest(unittest.TestCase):
        def test_it(self):
            seen.add(self.id())

    for _letter in "abcdefghijklmnop":
        setattr(ManyTest, f"test_{_letter}", ManyTest.test_it)
"""

# The tests that are asked for.
LATER = """
    import socket, unittest
    import state
    from hermetic import isolated, small
    from state import seen

    MANY = "test_a.ManyTest.test_"

    class LaterTest(unittest.TestCase):
        def test_brittle(self):
            self.assertIn(MANY + "c", seen)

        def test_fixture(self):
            self.assertFalse(seen & {"tearDownClass", "tearDownModule"})

        def test_flaky_after(self):
            self.assertNotEqual(state.count("after"), 4)

        def test_flaky_alone(self):
            self.assertNotEqual(state.count("alone"), 2)

        def test_good(self):
            self.assertNotIn("set up", seen)

        def test_good_too(self):
            seen.add("own")

        def test_in_class(self):
            self.assertNotIn("own", seen)

        def test_sized(self):
            if MANY + "h" in seen:
                socket.create_connection(("127.0.0.1", 1))

        test_sized = small(test_sized)

        def test_together(self):
            self.assertFalse({MANY + "b", MANY + "g", MANY + "p"} <= seen)

        def test_victim(self):
            self.assertNotIn(MANY + "k", seen)

        test_victim_too = test_victim

        def test_with_import(self):
            self.assertNotIn("import", seen)

        @isolated
        def test_xisolated(self):
            pass

        @isolated("group")
        def test_yfirst(self):
            seen.add("group")

        @isolated("group")
        def test_ysecond(self):
            self.assertNotIn("group", seen)
"""

IMPORTED = """
    import state
    state.seen.add("import")
    from unittest import TestCase

    class LastTest(TestCase):
        def test_it(self):
            pass
"""


class BisectCase(unittest.TestCase):
    """Has a folder with the sample, and searches there."""

    FILES: ClassVar = {"state.py": STATE, "test_a.py": EARLIER, "test_b.py": LATER, "test_c.py": IMPORTED}

    def setUp(self):
        folder = Folder(**self.FILES)
        self.folder = folder.__enter__()
        self.addCleanup(folder.__exit__)

    def bisect(self, test, *arguments, status=0, env=None):
        """What was found, and the lines of progress."""
        arguments = [*(arguments or ["discover"]), "--bisect", test]
        done = run_python("-m", "hermetic", *arguments, cwd=self.folder, env=env)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout, done.stderr.splitlines()

    def assert_found(self, output, names):
        """These are named, and the commands do as they say."""
        found, *_ = output.partition("\n\n")
        self.assertEqual(re.findall(r"^    (\S+)$", found, re.MULTILINE), names)
        commands = re.findall(r"^It (\w+).*:\n    (.+)$", output, re.MULTILINE)
        self.assertEqual([verdict for verdict, _ in commands], ["fails", "passes"])
        for verdict, line in commands:
            python, *arguments = command.words_of(line) if features.WINDOWS else shlex.split(line)
            self.assertEqual(python, sys.executable)
            done = run_python(*arguments, cwd=self.folder)
            self.assertEqual(done.returncode, {"fails": 1, "passes": 0}[verdict], done.stderr)
        return commands


@medium
class FoundTest(BisectCase):
    def test_the_test_that_makes_one_fail(self):
        output, lines = self.bisect("test_b.LaterTest.test_victim")
        commands = self.assert_found(output, ["test_a.ManyTest.test_k"])
        self.assertIn("test_b.LaterTest.test_victim passes alone, and fails after\n", output)
        self.assertIn("It fails (AssertionError: 'test_a.ManyTest.test_k' unexpectedly found in", output)
        pattern = command.quoted(["[t*]est_b.LaterTest.test_victim"])
        expected = f"discover -k test_a.ManyTest.test_k -k {pattern}"
        self.assertTrue(commands[0][1].endswith(expected), commands)
        runs = [line for line in lines[1:] if " after " in line]
        self.assertLessEqual(len(runs), math.ceil(math.log2(27)) + 3, lines)

    def test_the_test_that_makes_one_pass(self):
        output, _ = self.bisect("test_b.LaterTest.test_brittle")
        self.assertIn("test_b.LaterTest.test_brittle fails alone, and passes after\n", output)
        self.assert_found(output, ["test_a.ManyTest.test_c"])

    def test_several_that_are_needed_together(self):
        output, _ = self.bisect("test_b.LaterTest.test_together")
        self.assert_found(output, [f"test_a.ManyTest.test_{letter}" for letter in "bgp"])

    def test_fixtures_count_as_of_their_tests_and_are_torn_down(self):
        output, _ = self.bisect("test_b.LaterTest.test_fixture", "discover", "-k", "FixtureTest", "-k", "LaterTest")
        self.assert_found(output, ["test_a.FixtureTest.test_it"])

    def test_one_of_the_same_class_in_the_order_of_a_seed(self):
        arguments = ("test_b.LaterTest", "--shuffle")
        orders = [(seed, self.order(seed)) for seed in range(4)]
        seed = next(str(seed) for seed, order in orders if order.index("test_good_too") < order.index("test_in_class"))
        output, _ = self.bisect("test_b.LaterTest.test_in_class", *arguments, seed)
        commands = self.assert_found(output, ["test_b.LaterTest.test_good_too"])
        self.assertIn(f"--shuffle {seed}", commands[0][1])

    def order(self, seed):
        done = run_python("-m", "hermetic", "-v", "test_b.LaterTest", "--shuffle", str(seed), cwd=self.folder)
        return re.findall(r"^(test_\w+) ", done.stderr, re.MULTILINE)

    def test_a_command_names_a_test_whose_name_is_a_part_of_another_one_alone(self):
        output, _ = self.bisect("test_b.LaterTest.test_victim", "discover", "-k", "Many", "-k", "*victim")
        commands = self.assert_found(output, ["test_a.ManyTest.test_k"])
        pattern = command.quoted(["[t*]est_b.LaterTest.test_victim"])
        self.assertTrue(commands[1][1].endswith(f" discover -k {pattern}"), commands)

    def test_a_violation_is_a_failure_and_isolated_tests_of_a_group_share_a_process(self):
        output, _ = self.bisect("test_b.LaterTest.test_sized")
        self.assert_found(output, ["test_a.ManyTest.test_h"])
        self.assertIn("It fails (NetworkViolationError: [H001]", output)
        output, lines = self.bisect("test_b.LaterTest.test_ysecond")
        self.assert_found(output, ["test_b.LaterTest.test_yfirst"])
        self.assertEqual(lines[0], "test_b.LaterTest.test_ysecond: 1 test run in the process of its group before it")

    def test_fresh_interpreters_find_the_same(self):
        arguments = ("test_a.ManyTest.test_k", "test_a.ManyTest.test_a", "test_b.LaterTest.test_victim")
        output, _ = self.bisect("test_b.LaterTest.test_victim", *arguments, "--isolated-start", "fresh")
        commands = self.assert_found(output, ["test_a.ManyTest.test_k"])
        expected = "hermetic test_a.ManyTest.test_k test_b.LaterTest.test_victim --isolated-start fresh"
        self.assertTrue(commands[0][1].endswith(expected), commands)

    def test_the_configuration_that_runs_go_by_does_not_get_in_the_way(self):
        text = "[tool:hermetic]\njobs = 2\nfailed_first = true\nretries = 1\njunit_xml = report.xml\n"
        with open(os.path.join(self.folder, "setup.cfg"), "w", encoding="utf-8") as file:
            file.write(text)
        output, _ = self.bisect("test_b.LaterTest.test_victim", "discover", "--retries", "2")
        self.assertEqual({"report.xml", ".hermetic_cache"} & {*os.listdir(self.folder)}, set())
        self.assert_found(output, ["test_a.ManyTest.test_k"])


@medium
class NotFoundTest(BisectCase):
    def test_nothing_to_find(self):
        output, lines = self.bisect("test_b.LaterTest.test_good", status=1)
        self.assertIn("passes alone, and after the 22 tests before it: no earlier test changes that.", output)
        self.assertEqual(lines[4], "  after all 22: passes")

    def test_flaky_ones_are_said_to_be(self):
        output, _ = self.bisect("test_b.LaterTest.test_flaky_alone", status=3)
        self.assertEqual(output, "test_b.LaterTest.test_flaky_alone is flaky: alone, it fails in 1 of 3 trials.\n")
        output, lines = self.bisect("test_b.LaterTest.test_flaky_after", status=3)
        self.assertEqual(
            output, "test_b.LaterTest.test_flaky_after is flaky: after 20 tests it both failed and passed.\n"
        )
        self.assertLess(len(lines), 20)

    def test_an_import_that_makes_the_difference_is_named(self):
        output, _ = self.bisect("test_b.LaterTest.test_with_import", status=1)
        self.assertIn("no earlier test changes that", output)
        self.assertIn("passes when no test module but its own is imported; it fails when these are, too:\n", output)
        self.assertTrue(output.endswith(":\n    test_c\n"), output)

    def test_an_isolated_one_has_no_polluters(self):
        output, lines = self.bisect("test_b.LaterTest.test_xisolated", status=1)
        self.assertIn("is isolated: no other test runs in its process", output)
        self.assertEqual(lines, [])

    def test_an_unknown_one_is_bad_input_with_near_names(self):
        _, (line,) = self.bisect("test_b.LaterTest.test_victm", status=2)
        self.assertIn("no test of this run has that id, of 34; write an id, such as test_b.LaterTest.test_victim", line)
        _, (line,) = self.bisect("test_victim", status=2)
        self.assertTrue(line.endswith("such as test_b.LaterTest.test_victim"), line)
        _, (line,) = self.bisect("test_absent.Test.test_it", "test_absent", "test_b", status=2)
        self.assertIn("the module test_absent could not be loaded", line)

    def test_what_cannot_be_used_with_it_is_bad_input(self):
        _, (line,) = self.bisect("test_b.LaterTest.test_good", "discover", "--last-failed", status=2)
        self.assertIn("--bisect test_b.LaterTest.test_good and --last-failed cannot be used together", line)
        done = run_python("-m", "hermetic", "--bisect", "a", "--script", "test_a.py", cwd=self.folder)
        self.assertIn("--bisect a and --script cannot be used together", done.stderr)
        self.assertEqual(done.returncode, 2)


ENDING = """
    import os, time, unittest
    import state

    class EarlierTest(unittest.TestCase):
        def test_a_second_time(self):
            if state.count("times") > 1:
                time.sleep(600)

        def test_exit(self):
            os._exit(0)

        def test_pollutes(self):
            state.seen.add("it")

    class LaterTest(unittest.TestCase):
        def test_crash(self):
            if "it" in state.seen:
                os.abort()

        def test_hang(self):
            if "it" in state.seen:
                time.sleep(600)

        def test_noted(self):
            self.assertNotIn("it", state.seen)
"""


@medium
class EndingTest(BisectCase):
    FILES: ClassVar = {"state.py": STATE, "tests/test_e.py": ENDING}
    WHERE = ("discover", "-s", "tests", "-t", ".", "-p", "test_e*")

    def setUp(self):
        super().setUp()
        with open(os.path.join(self.folder, "tests", "__init__.py"), "w", encoding="utf-8"):
            pass

    def test_a_test_that_ends_the_process_is_left_out_and_a_crash_is_a_failure(self):
        arguments = ("-k", "exit", "-k", "pollutes", "-k", "LaterTest")
        output, lines = self.bisect("tests.test_e.LaterTest.test_crash", *self.WHERE, *arguments)
        (ended,) = [line for line in lines if "ended the process" in line]
        self.assertIn("test_e.EarlierTest.test_exit ended the process: ended with exit status 0", ended)
        self.assertIn("It fails (ended by SIGABRT", output)
        pattern = command.quoted(["test_e*"])
        self.assertIn(f" discover -s tests -p {pattern} -t . -k tests.test_e.EarlierTest.test_pollutes -k ", output)

    def test_a_test_that_hangs_fails(self):
        arguments = ("-k", "pollutes", "-k", "LaterTest", "--test-timeout", "0.5")
        output, _ = self.bisect("tests.test_e.LaterTest.test_hang", *self.WHERE, *arguments)
        self.assertIn("passes alone, and fails after\n    tests.test_e.EarlierTest.test_pollutes\n", output)
        self.assertIn("It fails (timed out: ", output)

    @support.posix_only("signal for Ctrl-C")
    def test_ctrl_c_ends_it_at_once_and_shows_what_is_known(self):
        arguments = ("-k", "second", "-k", "pollutes", "-k", "noted", "--bisect", "tests.test_e.LaterTest.test_noted")
        with not_inherited():
            process = subprocess.Popen(
                [sys.executable, "-m", "hermetic", *self.WHERE, *arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": package_folder()},
                stderr=subprocess.PIPE,
                text=True,
            )
        self.addCleanup(process.kill)
        begun = [process.stderr.readline() for _ in range(5)]
        self.assertEqual(process.stderr.read(7), "  after", begun)
        process.send_signal(signal.SIGINT)
        _, progress = process.communicate(timeout=TIMEOUT)
        tests = "".join(f"    tests.test_e.EarlierTest.{name}\n" for name in ("test_a_second_time", "test_pollutes"))
        self.assertTrue(progress.endswith(f"\nStopped by Ctrl-C. It fails after\n{tests}"), progress)
        self.assertEqual(process.returncode, 130)


MADE = """
    import unittest

    seen = []

    class NumberedTest(unittest.TestCase):
        def id(self):
            return f"{super().id()}[{self.number}]"

        def check(self):
            seen.append(self.number)

    class OtherTest(unittest.TestCase):
        def test_a(self):
            seen.append(2)

        def test_it(self):
            self.assertNotIn(2, seen)

        def test_twice(self):
            pass

    def load_tests(loader, tests, pattern):
        made = [NumberedTest("check") for _ in range(4)]
        for number, test in enumerate(made):
            test.number = number
        return unittest.TestSuite([*made, OtherTest("test_twice"), OtherTest("test_twice"), OtherTest("test_it")])

    if __name__ == "__main__":
        import hermetic
        del load_tests, NumberedTest
        OtherTest.test_0 = lambda self: None
        hermetic.main()
"""


@medium
class MadeTest(BisectCase):
    FILES: ClassVar = {"test_m.py": MADE}

    def test_tests_that_no_command_chooses_are_found(self):
        output, _ = self.bisect("test_m.OtherTest.test_it")
        self.assertIn("passes alone, and fails after\n    test_m.NumberedTest.check[2]\nIt fails with ", output)
        self.assertIn("No command runs these tests alone: -k cannot select tests that load_tests", output)

    def test_one_of_several_with_the_same_id_is_bad_input(self):
        _, (line,) = self.bisect("test_m.OtherTest.test_twice", status=2)
        self.assertIn("2 tests have this id, and cannot be told apart", line)

    def test_a_script_is_its_own_command(self):
        done = run_python("test_m.py", "--bisect", "__main__.OtherTest.test_it", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_found(done.stdout, ["__main__.OtherTest.test_a"])

    def test_tests_that_another_process_cannot_load_are_said_to_be_left_out(self):
        options = ("--bisect", "__main__.OtherTest.test_it", "--isolated-start", "fresh")
        done = run_python("test_m.py", *options, cwd=self.folder)
        self.assertIn("\n  left out, because another process cannot load them: 1 test\n", done.stderr)
        self.assertIn("passes alone, and fails after\n    __main__.OtherTest.test_a\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
