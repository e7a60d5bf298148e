"""``-j``: classes run in parallel, and the output is the same as without it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import unittest

import support
from hermetic import medium
from hermetic._base import features
from support import TIMEOUT, Folder, not_inherited, package_folder, run_hermetic
from support.sample_runs import METHODS
from support.transcripts import SampleCase, normalised

setUpModule = support.some_pythons_do_and_the_measured

LOG = """
    import os

    def log(what):
        with open(os.environ["LOG"], "a") as file:
            file.write(f"{what} {os.getpid()}\\n")

    def pid_of(what):
        with open(os.environ["LOG"]) as file:
            return next((line.split()[-1] for line in file if line.startswith(f"{what} ")), None)
"""

SHAPES = """
    import faulthandler, os, time, unittest
    from hermetic import isolated
    from log import log, pid_of

    def meet(other):
        deadline = time.monotonic() + 120
        while pid_of(other) is None:
            assert time.monotonic() < deadline, f"{other} has not begun"
            time.sleep(0.01)

    class Dropped:
        def __del__(self):
            log("dropped")

    class FirstTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            log("FirstTest.setUpClass")

        @classmethod
        def tearDownClass(cls):
            log("FirstTest.tearDownClass")

        def test_meets_the_second(self):
            self.dropped = Dropped()
            log("first")
            meet("second")

        def test_variable(self):
            self.assertNotIn("HERMETIC_ISOLATED", os.environ)

        @unittest.skip("by a decorator")
        def test_skipped(self):
            pass

    class SecondTest(unittest.TestCase):
        def test_meets_the_first(self):
            log("second")
            meet("first")

    class CrashTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            log("CrashTest.setUpClass")

        def test_1_segmentation_fault(self):
            faulthandler._read_null()

        def test_2_exit(self):
            print("before the exit")
            os._exit(0)

        def test_3_next(self):
            log("next")

    class IsolatedTest(unittest.TestCase):
        @isolated
        def test_one_meets_another(self):
            log("isolated one")
            self.assertEqual("1", os.environ["HERMETIC_ISOLATED"])
            meet("isolated other")

        @isolated
        def test_other(self):
            log("isolated other")
            meet("isolated one")

        @isolated("group")
        def test_x_group(self):
            log("group one")

        @isolated("group")
        def test_y_group(self):
            self.assertEqual(str(os.getpid()), pid_of("group one"))

        def test_z_is_not(self):
            self.assertNotIn("HERMETIC_ISOLATED", os.environ)
"""

MODULE = """
    import unittest
    from log import log

    def setUpModule():
        log("setUpModule")

    def tearDownModule():
        log("tearDownModule")

    class OneTest(unittest.TestCase):
        def test_1(self):
            log("module one")

    class TwoTest(unittest.TestCase):
        def test_2(self):
            log("module two")
"""

HERE = """
    import os, unittest
    from log import log

    class OwnSuite(unittest.TestSuite):
        def run(self, result, debug=False):
            log("own suite")
            return super().run(result, debug)

    class InOwnSuiteTest(unittest.TestCase):
        def test_here(self):
            log("in own suite")

    class OwnCallTest(unittest.TestCase):
        def __call__(self, result=None):
            log("own call")
            return super().__call__(result)

        def test_here(self):
            pass

    class TwiceTest(unittest.TestCase):
        def test_here(self):
            log("twice")

    def load_tests(loader, standard, pattern):
        same = TwiceTest("test_here")
        function = unittest.FunctionTestCase(lambda: log("function"))
        suites = [OwnSuite([InOwnSuiteTest("test_here")]), OwnCallTest("test_here"), same, function, same]
        return unittest.TestSuite(suites)
"""


@medium
class TranscriptTest(SampleCase):
    """One suite of many shapes, with and without workers."""

    def assert_same(self, *arguments, contains):
        alone = run_hermetic("discover", *arguments, cwd=self.folder)
        shared = run_hermetic("discover", "-j", "2", *arguments, cwd=self.folder)
        self.assertIn(contains, shared.stderr)
        self.assertEqual(normalised(alone.stderr), normalised(shared.stderr))
        self.assertEqual(normalised(alone.stdout), normalised(shared.stdout))
        self.assertEqual(alone.returncode, shared.returncode)

    def test_everything(self):
        self.assert_same(contains="unexpected successes=1")

    def test_everything_verbosely_and_buffered(self):
        self.assert_same("-v", "-b", contains="in setUpClass")

    def test_local_variables(self):
        self.assert_same("-q", "--locals", "-p", "test_[co]*.py", contains="expected = [1, 2, 3]")

    def test_failfast(self):
        self.assert_same("-v", "-f", "-k", "Fixture", "-k", "Set", "-p", "test_[com]*.py", contains="FAILED (errors=1)")

    def test_durations_are_those_that_the_workers_measured(self):
        done = run_hermetic("-j", "2", "--durations", "2", "test_slow", "package.test_inner", cwd=self.folder)
        self.assertRegex(done.stderr, r"\n-+\n0\.[2-9]\d\ds +test_slower .*\n0\.\d{3}s +test_slow ")


@medium
class ShapesTest(unittest.TestCase):
    """One run of tests of all shapes, looked at from several sides."""

    @classmethod
    def setUpClass(cls):
        with Folder(**{"log.py": LOG, "test_a.py": SHAPES, "test_b.py": MODULE, "test_c.py": HERE}) as folder:
            path = os.path.join(folder, "log.txt")
            cls.done = run_hermetic("-j", "3", "-v", "--json", "report.json", cwd=folder, env={"LOG": path})
            cls.log = read_log(folder)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                cls.tests = {test["id"]: test for test in json.load(file)["tests"]}

    def pids(self, what):
        return [pid for entry, pid in self.log if entry == what]

    def test_tests_are_told_of_in_the_order_of_the_suite(self):
        told = [name for name in self.tests if name.startswith(("test_a", "test_b"))]
        self.assertEqual(14, len(told))
        self.assertEqual(sorted(told), told)

    def test_only_those_that_end_their_process_fail(self):
        self.assertIn("FAILED (errors=2, skipped=1)", self.done.stderr)
        self.assertEqual(1, self.done.returncode)

    def test_a_crash_is_an_error_of_its_test(self):
        name = "test_a.CrashTest.test_1_segmentation_fault"
        said = "ended with access violation" if features.WINDOWS else "ended by SIGSEGV"
        self.assertIn(f"[H007] test {name}: {said}", self.done.stderr)

    def test_an_exit_is_an_error_of_its_test_and_what_it_printed_is_shown(self):
        self.assertIn("test_2_exit: ended with exit status 0 before it finished", self.done.stderr)
        self.assertIn("before the exit", self.done.stdout)

    def test_the_rest_of_a_class_goes_on_in_another_process_with_its_fixtures(self):
        self.assertEqual(3, len(set(self.pids("CrashTest.setUpClass"))))
        self.assertEqual(self.pids("next"), self.pids("CrashTest.setUpClass")[-1:])

    def test_class_fixtures_run_once_where_the_tests_run(self):
        self.assertEqual(self.pids("first"), self.pids("FirstTest.setUpClass"))
        self.assertEqual(self.pids("first"), self.pids("FirstTest.tearDownClass"))

    def test_what_a_test_holds_goes_with_it(self):
        entries = [entry for entry, pid in self.log if pid == self.pids("first")[0]]
        self.assertLess(entries.index("dropped"), entries.index("FirstTest.tearDownClass"))

    def test_module_fixtures_run_once_for_all_classes_of_the_module(self):
        for what in ("module one", "module two", "tearDownModule"):
            self.assertEqual(self.pids(what), self.pids("setUpModule"))
        self.assertEqual(1, len(self.pids("setUpModule")))

    def test_what_cannot_be_shared_out_runs_once_in_the_process_of_the_run(self):
        here = {pid for what in ("own suite", "in own suite", "own call", "function") for pid in self.pids(what)}
        self.assertEqual(1, len(here))
        self.assertEqual(2, len(self.pids("twice")))
        self.assertNotIn(self.pids("first")[0], here)

    def test_the_report_names_workers_and_marks(self):
        shared, isolated = self.tests["test_a.FirstTest.test_variable"], self.tests["test_a.IsolatedTest.test_other"]
        self.assertEqual(("", "@isolated"), (shared["group"] or "", isolated["group"]))
        self.assertRegex(shared["worker"], r"worker \d")
        self.assertEqual("main", self.tests["test_c.OwnCallTest.test_here"]["worker"])


STOP = """
    import os, time, unittest
    from log import log

    class FirstTest(unittest.TestCase):
        @classmethod
        def tearDownClass(cls):
            log("tearDownClass")

        def test_1(self):
            log("first")

        def test_2(self):
            self.fail("on purpose")

        def test_3(self):
            log("after the failure")

    class LongTest(unittest.TestCase):
        def test_1(self):
            log("long")
            time.sleep(600)

        def test_2(self):
            log("never")
"""


@medium
class StopTest(unittest.TestCase):
    def start(self, folder, *arguments):
        environment = {**os.environ, "PYTHONPATH": package_folder(), "LOG": os.path.join(folder, "log.txt")}
        with not_inherited():
            return subprocess.Popen(
                [sys.executable, "-m", "hermetic", "-j", "2", *arguments],
                cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip

    def wait_for(self, folder, what):
        """The process id of what is logged."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := [int(pid) for entry, pid in read_log(folder) if entry == what]):
            self.assertLess(time.monotonic(), deadline, f"{what} has not begun")
            time.sleep(0.01)
        return found[0]

    def assert_gone(self, pid):
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.01)
        self.fail(f"process {pid} is still there")

    def test_failfast_stops_within_the_class_and_tears_it_down(self):
        with Folder(**{"log.py": LOG, "test_s.py": STOP}) as folder:
            process = self.start(folder, "-f", "test_s.FirstTest", "test_s.LongTest")
            output, _ = process.communicate(timeout=TIMEOUT)
            entries = [entry for entry, _ in read_log(folder) if entry != "long"]
        self.assertIn("Ran 2 tests", output)
        self.assertEqual(["first", "tearDownClass"], entries)
        self.assertEqual(1, process.returncode)

    @support.posix_only("signal for Ctrl-C")
    def test_ctrl_c_ends_the_run_and_its_workers(self):
        with Folder(**{"log.py": LOG, "test_s.py": STOP}) as folder:
            process = self.start(folder)
            pid = self.wait_for(folder, "long")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=TIMEOUT)
            self.assert_gone(pid)
        self.assertIn("The run ended early: Ctrl-C", output)
        self.assertEqual(130, process.returncode)

    @support.posix_only("signal for Ctrl-C")
    def test_a_caught_ctrl_c_leaves_out_what_has_not_begun_and_tears_down(self):
        text = STOP.replace("time.sleep(600)", "time.sleep(2)")
        with Folder(**{"log.py": LOG, "test_s.py": text}) as folder:
            process = self.start(folder, "-c", "test_s.LongTest")
            self.wait_for(folder, "long")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=TIMEOUT)
            entries = [entry for entry, _ in read_log(folder)]
        self.assertIn("The run ended early: Ctrl-C, after 1 of 2 tests", output)
        self.assertEqual((130, ["long"]), (process.returncode, entries))

    def test_a_test_that_takes_too_long_ends_and_the_next_goes_on(self):
        with Folder(**{"log.py": LOG, "test_s.py": STOP}) as folder:
            process = self.start(folder, "--test-timeout", "2", "test_s.LongTest")
            output, _ = process.communicate(timeout=TIMEOUT)
        self.assertRegex(output, r"\[H007\] test test_s.LongTest.test_1: timed out: the test used 2.\d of its 2 sec")
        self.assertIn("in test_1", output)
        self.assertIn("Ran 2 tests", output)


def read_log(folder):
    """Pairs of what was logged, and the process id."""
    try:
        with open(os.path.join(folder, "log.txt"), encoding="utf-8") as file:
            return [line.rsplit(" ", 1) for line in file.read().splitlines() if " " in line]
    except FileNotFoundError:
        return []


@medium
class WaysToRunTest(unittest.TestCase):
    def run_shared(self, *arguments, env=None):
        with Folder(**{"log.py": LOG, "test_b.py": MODULE}) as folder:
            log = os.path.join(folder, "log.txt")
            return run_hermetic(*arguments, cwd=folder, env={"LOG": log, **(env or {})}), read_log(folder)

    def test_fresh_interpreters_do_as_well(self):
        done, log = self.run_shared("-j2", "--isolated-start", "fresh")
        self.assertIn("OK", done.stderr)
        self.assertEqual(["setUpModule", "module one", "module two", "tearDownModule"], [entry for entry, _ in log])

    def test_one_job_is_the_run_itself(self):
        for arguments, environment in (
            (["-j", "1"], {}),
            ([], {"HERMETIC_JOBS": "1"}),
            (["-j2", "--no-isolation"], {}),
        ):
            with self.subTest(arguments=arguments):
                done, log = self.run_shared(*arguments, env=environment)
                self.assertIn("OK", done.stderr)
                self.assertEqual(1, len({pid for _, pid in log}))

    def test_isolated_as_well_each_test_has_a_process(self):
        done, log = self.run_shared("--isolated", env={"HERMETIC_JOBS": "2"})
        self.assertIn("OK", done.stderr)
        self.assertEqual(2, len({pid for _, pid in log}))

    def test_tests_that_start_processes_are_known(self):
        text = """
            import multiprocessing, unittest

            def work():
                pass

            class StartingTest(unittest.TestCase):
                def test_start(self):
                    process = multiprocessing.Process(target=work)
                    process.start()
                    process.join()

            class OtherTest(unittest.TestCase):
                def test_nothing(self):
                    pass
        """
        with Folder(**{"test_s.py": text}) as folder:
            done = run_hermetic("-j2", "--start-method", "all", cwd=folder)
        self.assertIn("start method of multiprocessing: spawn", done.stderr)
        self.assertIn("Ran 2 tests", done.stderr)
        self.assertEqual("Rerun with start method " in done.stderr, len(METHODS) > 1, done.stderr)
        self.assertEqual(done.stderr.count("Rerun with start method "), done.stderr.count("Ran 1 test "))

    def test_what_a_test_with_a_size_leaves_running_is_ended_and_reported(self):
        text = """
            import subprocess, sys, unittest
            from hermetic import medium

            @medium
            class LeavingTest(unittest.TestCase):
                def test_1(self):
                    type(self).left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])

                def test_2(self):
                    self.left.wait()

            class OtherTest(unittest.TestCase):
                def test_nothing(self):
                    pass
        """
        with Folder(**{"test_s.py": text}) as folder:
            done = run_hermetic("-j2", "--leaks", "error", cwd=folder)
        self.assertIn("test_s.LeavingTest.test_1 leaked state: process", done.stderr)
        self.assertIn("FAILED (errors=1)", done.stderr)

    def test_without_a_number_it_says_what_to_write(self):
        for arguments in (["-j"], ["-j", "0"], ["--jobs", "many"], ["-j", "discover"]):
            with self.subTest(arguments=arguments):
                done = run_hermetic(*arguments)
                self.assertEqual(2, done.returncode)
                self.assertIn("is not a whole number above 0, or auto", done.stderr)


if __name__ == "__main__":
    unittest.main()
