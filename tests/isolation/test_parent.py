"""No process outlives the process that runs isolated tests, however that ends."""

from __future__ import annotations

import importlib.util
import re
import signal
import unittest

import support
from hermetic import large
from support import TIMEOUT
from support.hostile import Run

setUpModule = support.some_pythons_do

_BUSY = """
import os, subprocess, time, unittest
from hermetic import isolated

class FirstTest(unittest.TestCase):
    @isolated
    def test_first(self):
        self.fail("its text")

MARK
class HostileTest(unittest.TestCase):
    MARK_OF_TEST
    def test_busy(self):
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            time.sleep(1000)
        os.wait()
        os.write(2, b"it is busy\\n")
        time.sleep(1000)

class LastTest(unittest.TestCase):
    def test_last(self):
        print("the last test ran")
"""

_OURS = ("-m", "hermetic", "test_hostile")
_PLAIN = ("-m", "unittest", "test_hostile")
_PYTEST = ("-m", "pytest", "-s", "-p", "no:cacheprovider", "test_hostile.py")
_FRESH = ("-m", "hermetic", "--isolated-start", "fresh", "test_hostile")
_GRACE = 20.0  # seconds that a zygote has to see that it is alone


def busy_module(*, grouped):
    """A test module whose second test never ends, and has started processes of all kinds."""
    alone, group = ("", "@isolated") if grouped else ("@isolated", "")
    return _BUSY.replace("MARK_OF_TEST", alone).replace("MARK", group)


class ParentCase(unittest.TestCase):
    """Starts a run, and does something to it when its hostile test is at work."""

    def run_and_send(self, number, command, *, grouped=False):
        run = Run(busy_module(grouped=grouped), *command)
        run.wait_for("it is busy")
        self.assertGreaterEqual(len(run.processes()), 5)
        run.process.send_signal(number)
        return run.wait(TIMEOUT, grace=0.0 if number == signal.SIGINT else _GRACE)

    def assert_nothing_is_left_by(self, number, command, **kwargs):
        run = self.run_and_send(number, command, **kwargs)
        self.assertEqual(-number, run.status)
        ours = [
            name for name in run.files if not name.startswith("pytest-of-")
        ]  # pytest keeps the last three of its own
        self.assertEqual(([], []), (run.left, ours))


@large
@support.linux_only("a signal for the end of a parent")
class KilledTest(ParentCase):
    def test_by_sigkill_it_leaves_nothing(self):
        for command in (_OURS, _PLAIN, _FRESH):
            for grouped in (False, True):
                with self.subTest(command=command, grouped=grouped):
                    self.assert_nothing_is_left_by(signal.SIGKILL, command, grouped=grouped)

    def test_by_sigterm_it_leaves_nothing(self):
        for command in (_OURS, _PLAIN, _FRESH):
            with self.subTest(command=command):
                self.assert_nothing_is_left_by(signal.SIGTERM, command)

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "pytest is not installed")
    def test_pytest_leaves_nothing(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(signal=number):
                self.assert_nothing_is_left_by(number, _PYTEST)


@large
@support.linux_only("a signal for the end of a parent")
class InterruptedTest(ParentCase):
    def assert_ended_by_ctrl_c(self, command, **kwargs):
        run = self.run_and_send(signal.SIGINT, command, **kwargs)
        self.assertEqual(130, run.status, run.output)
        self.assertRegex(
            run.output, r"The run ended early: Ctrl-C, after 2 of \d tests, in test_\w+ \(test_hostile\.\w+"
        )
        self.assertIn("its text", run.sections["FirstTest.test_first"])
        self.assertNotIn("the last test ran", run.output)
        self.assertEqual(([], []), (run.left, run.files))

    def test_by_ctrl_c_it_ends_with_the_results_so_far(self):
        for command in (_OURS, _FRESH):
            for grouped in (False, True):
                with self.subTest(command=command, grouped=grouped):
                    self.assert_ended_by_ctrl_c(command, grouped=grouped)

    def test_with_catch_the_first_ctrl_c_lets_the_test_end_and_a_second_does_not(self):
        run = Run(busy_module(grouped=False), "-m", "hermetic", "-c", "test_hostile")
        run.wait_for("it is busy")
        run.process.send_signal(signal.SIGINT)
        with self.assertRaises(AssertionError):
            run.wait_for("Ran 2 tests", timeout=1)
        run.process.send_signal(signal.SIGINT)
        run.wait(TIMEOUT)
        self.assertEqual((130, [], []), (run.status, run.left, run.files), run.output)
        self.assertIn("its text", run.sections["FirstTest.test_first"])

    def test_other_runners_leave_nothing_either(self):
        run = self.run_and_send(signal.SIGINT, _PLAIN)
        self.assertEqual(([], []), (run.left, run.files))
        self.assertNotEqual(0, run.status)


_MANY = """
import os, unittest
from hermetic import isolated

def state():
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        children = len(file.read().split())
    return len(os.listdir("/proc/self/fd")), children, pages * os.sysconf("SC_PAGE_SIZE")

class SampleTest(unittest.TestCase):
    pass

def add(number):
    def test(self):
        pass
    setattr(SampleTest, f"test_{number:04}", isolated(test))

for number in range(COUNT):
    add(number)

class WatchingTest(unittest.TestCase):
    def test_state(self):
        print("state:", *state())

def load_tests(loader, standard, pattern):
    suites = (loader.loadTestsFromTestCase(cls) for cls in (SampleTest, WatchingTest))
    tests = [test for suite in suites for test in suite]
    return unittest.TestSuite([*tests[:100], tests[-1], *tests[100:-1], WatchingTest("test_state")])
"""


@large
@support.linux_only("/proc")
class ManyTestsTest(unittest.TestCase):
    def test_they_leave_their_parent_as_it_was(self):
        run = Run(_MANY.replace("COUNT", "100"), *_OURS).wait()
        self.assertEqual((0, 102), (run.status, run.count), run.output[-2000:])
        before, after = ([*map(int, found.split())] for found in re.findall(r"state: (.*)", run.output))
        self.assertEqual(before[:2], after[:2])
        self.assertLess(after[2] - before[2], 500_000)
        self.assertEqual(([], []), (run.left, run.files))
