"""A test that exceeds its time limit is ended with all its processes, and the report shows where it was."""

from __future__ import annotations

import os
import tempfile
import unittest
from typing import ClassVar

from hermetic import large
from support import TIMEOUT, linux_only, on_few_pythons, package_folder, write_files
from support.hostile import HostileCase, start_hermetic

_SLEEP = "time.sleep(1000)"


@large
class TimeoutsTest(HostileCase):
    timeout = 5  # the first test has it, too, on a machine with much to do
    cases: ClassVar = {
        "sleep": "print('said before')\n" + _SLEEP,
        "catches_all": "while True:\n    with contextlib.suppress(BaseException): time.sleep(1000)",
        "ignores": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _SLEEP,
        "no_abort": "faulthandler.disable(); signal.signal(signal.SIGABRT, signal.SIG_IGN)\n" + _SLEEP,
        "blocks": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n" + _SLEEP,
        "stops": "os.kill(os.getpid(), signal.SIGSTOP)",
        "holds_the_lock": "ctypes.PyDLL(None).sleep(1000)",
        "in_c": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        "threads": f"def in_thread(): {_SLEEP}\nthreading.Thread(target=in_thread).start()\n{_SLEEP}",
        "child": "subprocess.run(['sleep', '1000'])",
        "shell": "subprocess.run('sleep 1000 | sleep 1000', shell=True)",
        "daemon": f"subprocess.Popen(['sleep', '1000'], start_new_session=True)\n{_SLEEP}",
        "pool": "multiprocessing.get_context('fork').Pool(2).map(time.sleep, [1000])",
        "in_str": f"class Own(Exception):\n    def __str__(self): {_SLEEP}\nraise Own",
        "destructor": f"class Own:\n    def __del__(self): {_SLEEP}\nOwn()",
        "prints": "while True: print('for ever')",
        "writes": "data = b'x' * 1_000_000\nwhile True: os.write(1, data)",
    }
    max_output = 20_000_000
    _WITHOUT_STACK = frozenset({"blocks", "no_abort", "in_str"})

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_the_budget_and_the_time_used_are_named(self):
        for name in self.cases:
            self.assert_error(name, r"timed out: (the test|the group .*) used \d+\.\d of its 5 seconds")

    def test_a_group_is_named(self):
        for mode in ("grouped", "fresh"):
            section = self.runs[mode].sections["Case_sleep.test_2_sleep"]
            self.assertIn("the group @isolated(timeout=5) class test_hostile.Case_sleep used", section)

    def test_the_stack_is_shown(self):
        for name in self.cases.keys() - self._WITHOUT_STACK:
            self.assert_error(name, rf"most recent call first.*:\n(  .*\n)*.*\bin test_2_{name}\b")

    def test_the_stack_of_what_shows_an_exception_is_shown(self):
        self.assert_error("in_str", r"in __str__\b")

    def test_the_stacks_of_all_threads_are_shown(self):
        self.assert_error("threads", r"in in_thread\b", r"in test_2_threads\b")

    def test_where_there_is_no_stack_it_is_said(self):
        self.assert_error("blocks", "no stacks: the process did not react")

    def test_the_output_before_it_is_shown_once(self):
        for run in self.runs.values():
            self.assertEqual(1, run.output.count("said before\n"))


@large
class FixtureTimeoutsTest(HostileCase):
    timeout = 2
    modes = ("grouped", "fresh")
    cases: ClassVar = {
        "set_up": f"---\n@classmethod\ndef setUpClass(cls): {_SLEEP}\n---\npass\n",
        "tear_down": f"---\n@classmethod\ndef tearDownClass(cls): {_SLEEP}\n---\npass\n",
        "exit_handler": "atexit.register(time.sleep, 1000)",
    }

    def test_the_runs_are_contained(self):
        self.assert_contained()

    def test_set_up_is_an_error_of_each_test(self):
        for run in self.runs.values():
            blamed = [text for key, text in run.sections.items() if key.startswith("Case_set_up.")]
            self.assertEqual([True] * 3, ["in setUpClass" in text and "timed out" in text for text in blamed])

    def test_what_comes_after_the_tests_is_one_error_of_the_group(self):
        for run in self.runs.values():
            for name, place in (("tear_down", "in tearDownClass"), ("exit_handler", "timed out")):
                blamed = [text for key, text in run.sections.items() if key.endswith(f"Case_{name}")]
                self.assertRegex("".join(blamed), f"timed out(.*\\n)*.*{place}|{place}")
                self.assertEqual(1, len(blamed))


_SLOW_START = """
import sys, threading, time
if "worker.be_zygote(" in sys.orig_argv[-1]:  # with threads, it starts interpreters in the place of forks
    threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
if "worker.be_worker(" in sys.orig_argv[-1]:
    time.sleep(1.5)
"""


@large
@linux_only("containment of processes that resist")
class SlowStartTest(unittest.TestCase):
    def test_the_time_that_an_interpreter_takes_to_start_is_not_the_tests(self):
        with tempfile.TemporaryDirectory() as folder:
            write_files(folder, {"sitecustomize.py": _SLOW_START})
            environment = {"PYTHONPATH": os.pathsep.join([folder, package_folder()])}
            arguments = ("--isolated", "--isolated-start", "fresh", "--isolated-timeout", "1")
            run = start_hermetic(_PASSING, *arguments, env=environment).wait(TIMEOUT)
        self.assertEqual(({}, 0), (run.sections, run.status), run.output)


_PASSING = """
import unittest

class PassingTest(unittest.TestCase):
    def test_it(self):
        pass
"""

_ON_IMPORT = """
import os, time, unittest
if "HERMETIC_ISOLATED" in os.environ:
    {end}

class HostileTest(unittest.TestCase):
    def test_1(self):
        pass

    def test_2(self):
        pass
"""


@large
@on_few_pythons
@linux_only("containment of processes that resist")
class ImportInWorkerTest(unittest.TestCase):
    def run_module(self, end):
        text = _ON_IMPORT.format(end=end)
        arguments = ("--isolated", "--isolated-start", "fresh", "--isolated-timeout", "2")
        return start_hermetic(text, *arguments).wait(TIMEOUT)

    def assert_errors(self, run, text):
        self.assertEqual(["HostileTest.test_1", "HostileTest.test_2"], [*run.sections], run.output)
        for section in run.sections.values():
            self.assertRegex(section, text)
        self.assertEqual(([], []), (run.left, run.files))

    def test_a_hang_is_an_error_of_each_test(self):
        self.assert_errors(self.run_module(_SLEEP), r"timed out(.*\n)*.*in <module>")

    def test_an_exit_is_an_error_of_each_test(self):
        self.assert_errors(self.run_module("os._exit(0)"), "ended with exit status 0 before it finished")

    def test_an_exception_is_an_error_of_each_test(self):
        self.assert_errors(self.run_module("raise ValueError('on import')"), "ValueError: on import")
