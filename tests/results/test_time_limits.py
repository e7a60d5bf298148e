"""Tests that exceed their size's time limit are reported, and a hard limit interrupts them."""

from __future__ import annotations

import concurrent.futures
import re
import signal
import threading
import time
import unittest
from unittest import mock

import hermetic
import support
from hermetic import medium
from hermetic._results import time_limits
from support import Folder, run_python
from support.sample_runs import SampleRunCase

setUpModule = support.some_pythons_do

INTERRUPTS = unittest.skipUnless(hasattr(signal, "SIGALRM"), "nothing interrupts the main thread here")


@medium
class OverrunTest(SampleRunCase):
    TESTS = """
        import time, unittest
        from hermetic import isolated, medium, small
        from hermetic._base.sizes import LIMITS, Size

        LIMITS[Size.SMALL].time_limit = 0.05

        class SampleTest(unittest.TestCase):
            def setUp(self):
                time.sleep(0.1)

            @small
            def test_slow(self):
                pass

            @small
            @isolated
            def test_slow_and_isolated(self):
                pass

            @small
            def test_slow_and_fails(self):
                self.fail("its own failure")

            @small
            def test_slow_and_skipped(self):
                self.skipTest("its own reason")

            @small
            @unittest.expectedFailure
            def test_slow_and_fails_as_expected(self):
                self.fail("as expected")

            @medium
            def test_within_its_limit(self):
                pass

            def test_without_a_size(self):
                pass

        @small
        class FastTest(unittest.TestCase):
            def test_1(self):
                pass

            test_2 = test_3 = test_1
    """
    SLOW = ("test_slow", "test_slow_and_isolated")

    def test_they_are_warned_of(self):
        done, errors = self.run_sample()
        self.assertEqual([name for name, _ in errors], ["test_slow_and_fails"], done.stderr)
        warned = re.findall(r"HermeticWarning: \[H006\] time violation: small test \S+\.(\w+) took 0\.1", done.stderr)
        self.assertEqual(tuple(warned), self.SLOW)
        self.assertIn("\nwarnings: H006 time: 2 in 2 tests\n", done.stderr)

    def test_they_are_errors_when_strict(self):
        done, errors = self.run_sample("--time-limits", "strict")
        own = [error for error in errors if error[0] != "test_slow_and_fails"]
        self.assert_errors(own, done, dict.fromkeys(self.SLOW, "TimeLimitViolationError: [H006] time violation"))
        self.assertIn("its own failure", dict(errors)["test_slow_and_fails"])
        self.assertIn("FAILED (failures=1, errors=2, skipped=1, expected failures=1)", done.stderr)

    def test_the_error_names_the_limit_and_the_next_size(self):
        _, [(_, text)] = self.run_sample("--time-limits", "strict", "test_sample.SampleTest.test_slow")
        self.assertIn("small tests take no more than 0.05 s.", text)
        self.assertIn("mark the test @medium", text)

    def test_nothing_is_said_when_off(self):
        done, _ = self.run_sample("--time-limits", "off")
        self.assertNotIn("H006", done.stderr)

    def test_other_runners_tell_of_them_too(self):
        with Folder(**{"test_sample.py": self.TESTS}) as folder:
            env = {"HERMETIC_TIME_LIMITS": "strict"}
            done = run_python("-m", "unittest", "test_sample.SampleTest.test_slow", cwd=folder, env=env)
        self.assertIn("[H006] time violation: small test test_sample.SampleTest.test_slow took", done.stderr)
        self.assertEqual(done.returncode, 1)


@medium
class HardLimitTest(SampleRunCase):
    TESTS = """
        import asyncio, re, threading, time, unittest
        from hermetic import isolated, small
        from hermetic._results import time_limits

        time_limits._GRACE = 0.5

        def wait_for_ever():
            threading.Event().wait()

        class SampleTest(unittest.TestCase):
            def test_1_sleeps(self):
                self.addCleanup(print, "cleaned up")
                time.sleep(1000)

            def test_2_swallows_it(self):
                try:
                    wait_for_ever()
                except BaseException:
                    pass

            def test_3_tries_again_and_again(self):
                while True:
                    try:
                        wait_for_ever()
                    except Exception:
                        pass

            @small
            def test_4_has_a_size(self):
                while True:
                    pass

            @isolated
            def test_5_has_a_process_of_its_own(self):
                time.sleep(1)

            def test_6_is_fast(self):
                print("the run goes on")

        class AsyncTest(unittest.IsolatedAsyncioTestCase):
            async def test_7_waits(self):
                await asyncio.Event().wait()

        class StubbornTest(unittest.TestCase):
            def test_8_cannot_be_interrupted(self):
                while True:
                    try:
                        wait_for_ever()
                    except BaseException:
                        pass

        class StuckTest(unittest.TestCase):
            def test_in_code_that_lets_no_thread_run(self):
                re.match("(a+)+$", "a" * 60 + "b")
    """

    @INTERRUPTS
    def test_tests_are_interrupted_and_the_run_goes_on(self):
        names = ["test_sample.SampleTest", "test_sample.AsyncTest"]
        done, errors = self.run_sample("--test-timeout", "0.5", *names)
        hang = "] time violation: "
        expected = ("1_sleeps", "2_swallows_it", "3_tries_again_and_again", "4_has_a_size", "7_waits")
        self.assert_errors(errors, done, {f"test_{name}": hang for name in expected})
        self.assertEqual(done.stdout, "cleaned up\nthe run goes on\n")
        self.assertIn("violations: H006 time: 5 in 5 tests", done.stderr)
        self.assertNotIn("ended early", done.stderr)

    @INTERRUPTS
    def test_the_error_has_the_stacks(self):
        _, [(_, text)] = self.run_sample("--test-timeout", "0.5", "test_sample.SampleTest.test_2_swallows_it")
        self.assertIn("was interrupted after 0.5 s", text)
        self.assertRegex(text, r"(?s)All threads at that time:\nMainThread:\n.*line \d+, in wait_for_ever\n")

    def test_a_run_whose_test_cannot_be_interrupted_is_summed_up(self):
        done, errors = self.run_sample("--test-timeout", "0.5", "test_sample.StubbornTest")
        self.assertEqual([name for name, _ in errors], ["test_8_cannot_be_interrupted"], done.stderr)
        self.assertRegex(done.stderr, r"The run ended early: .* could not be interrupted after 0\.5 s\n-+\nRan 1 test")
        self.assertEqual(done.returncode, 1)

    def test_a_process_that_is_stuck_is_ended_with_its_stacks(self):
        done, _ = self.run_sample("--test-timeout", "0.5", "test_sample.StuckTest")
        self.assertIn("in test_in_code_that_lets_no_thread_run", done.stderr)
        self.assertEqual(done.returncode, 1)

    @INTERRUPTS
    def test_the_signal_of_a_program_is_left_to_it(self):
        tests = """
            import signal, unittest
            class SampleTest(unittest.TestCase):
                def test_alarm(self):
                    seen = []
                    before = signal.signal(signal.SIGALRM, lambda *_: seen.append("alarm"))
                    self.addCleanup(signal.signal, signal.SIGALRM, before)
                    signal.setitimer(signal.ITIMER_REAL, 0.05)
                    signal.pause()
                    self.assertEqual(seen, ["alarm"])
        """
        with Folder(**{"test_it.py": tests}) as folder:
            done = run_python("-m", "hermetic", "--test-timeout", "20", "test_it", cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)


@medium
@INTERRUPTS
class OtherTimeTest(unittest.TestCase):
    """Time that is not the test's: of its result, and while the process is stopped."""

    SLOW = """
        import io, sys, time, unittest
        import hermetic

        class Slow(io.TextIOBase):
            def write(self, text):
                sys.__stderr__.write(text)
                if text in (".", "F", "E", "s"):
                    time.sleep(1.2)
                return len(text)

        class SlowTest(unittest.TestCase):
            def test_1_passes(self):
                time.sleep(0.3)

            def test_2_fails_and_cleans_up(self):
                self.addCleanup(time.sleep, 0.3)
                self.fail()

            def test_3_skips(self):
                self.skipTest("")

            def test_4_subtests(self):
                for i in range(2):
                    with self.subTest(i=i):
                        self.fail()

            def test_5_hangs_after_it_has_failed(self):
                self.addCleanup(time.sleep, 1000)
                self.fail()

        hermetic.main(testRunner=hermetic.TestRunner(stream=Slow()), argv=["run", "--test-timeout", "1"])
    """

    def test_a_slow_result_is_never_interrupted(self):
        with Folder(**{"run.py": self.SLOW}) as folder:
            done = run_python("run.py", cwd=folder)
        self.assertIn("Ran 5 tests", done.stderr)
        self.assertIn("FAILED (failures=4, errors=1, skipped=1)", done.stderr)
        self.assertIn("test_5_hangs_after_it_has_failed was interrupted after 1 s", done.stderr)

    def test_a_stopped_process_takes_no_time(self):
        stop = "kill -STOP {0}; sleep 3; kill -CONT {0}"
        text = f"""
            import os, subprocess, unittest

            class StopTest(unittest.TestCase):
                def test_is_stopped(self):
                    subprocess.run(["sh", "-c", {stop!r}.format(os.getpid())])
        """
        with Folder(**{"test_sample.py": text}) as folder:
            done = run_python("-m", "hermetic", "--test-timeout", "2", "test_sample", cwd=folder)
        self.assertEqual(0, done.returncode, done.stderr)

    STOPPED = """
        import os, subprocess, time, unittest
        import hermetic
        from hermetic._base.sizes import LIMITS, Size
        LIMITS[Size.MEDIUM].time_limit = 1.5

        @hermetic.medium
        class StopTest(unittest.TestCase):
            def test_is_stopped(self):
                subprocess.run(["sh", "-c", "kill -STOP {0}; sleep 2; kill -CONT {0}".format(os.getpid())])

            def test_is_slow_after_it_was_stopped(self):
                self.test_is_stopped()
                time.sleep(1.6)
    """

    def run_strictly(self, *options, cwd):
        return run_python("-m", "hermetic", "-v", "--time-limits", "strict", *options, "test_sample", cwd=cwd)

    def test_a_stopped_process_takes_no_time_of_a_size(self):
        with Folder(**{"test_sample.py": self.STOPPED}) as folder:
            ways = ((), ("--isolated",), ("--isolated", "--isolated-start", "fresh"), ("-j", "2"))
            with concurrent.futures.ThreadPoolExecutor() as threads:  # most of each run is waiting
                runs = threads.map(lambda options: self.run_strictly(*options, cwd=folder), ways)
            for options, done in zip(ways, runs, strict=True):
                with self.subTest(options=options):
                    self.assertRegex(done.stderr, r"test_is_stopped \(.*\) \.\.\. ok")
                    self.assertRegex(done.stderr, r"test_is_slow_after_it_was_stopped \(.*\) \.\.\. ERROR")


if __name__ == "__main__":
    unittest.main()


class TimerTest(hermetic.HermeticTestCase):
    def test_no_timer_is_left_where_the_thread_sets_it_while_the_block_ends(self):
        main, calls, has_left = threading.get_ident(), [], threading.Event()

        def set_timer(_: float) -> None:
            if threading.get_ident() != main:
                has_left.wait(support.TIMEOUT)
            calls.append("set")

        with (
            mock.patch.object(time_limits, "_have_process_ended", set_timer),
            mock.patch.object(time_limits.faulthandler, "cancel_dump_traceback_later", lambda: calls.append("cancel")),
        ):
            with time_limits.Watchdog(60, None, mock.Mock(), mock.Mock()).armed():
                pass
            has_left.set()
            deadline = time.monotonic() + 0.5
            while calls[2:] != ["set", "cancel"] and time.monotonic() < deadline:
                time.sleep(0.001)
        self.assertEqual(calls, ["set", "cancel", "set", "cancel"])
