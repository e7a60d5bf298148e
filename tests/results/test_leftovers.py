"""Processes and threads that a test leaves running: who left them, and what is ended and reported."""

from __future__ import annotations

import sys
import threading
import unittest

from hermetic import medium
from hermetic._results import leftovers
from hermetic._verdicts import scopes
from support import posix_only
from support.sample_runs import SampleRunCase


@medium
class LeftoverTest(SampleRunCase):
    TESTS = """
        import multiprocessing, os, subprocess, sys, threading, time, unittest
        from concurrent.futures import ThreadPoolExecutor
        from hermetic import medium

        SECONDS = 30

        def sleeping(seconds):
            return [sys.executable, "-S", "-c", f"import time; time.sleep({seconds})"]

        class SampleTest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.server = cls.start_server()

            @classmethod
            def start_server(cls):
                server = subprocess.Popen(sleeping(SECONDS))
                cls.addClassCleanup(server.wait)
                cls.addClassCleanup(server.kill)
                return server

        @medium
        class MediumTest(SampleTest):
            def test_1_program_and_its_child(self):
                child = f"import time; print('a', flush=True); time.sleep({SECONDS}); print('b')"
                code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], stdout=sys.stdout)"
                type(self).left = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE)
                self.assertEqual(self.left.stdout.read(1), b"a")

            def test_2_after_it(self):
                self.assertEqual(self.left.communicate()[0].strip(), b"")  # its child, which has the pipe, has ended

            def test_3_process(self):
                multiprocessing.Process(target=time.sleep, args=(SECONDS,)).start()

            def test_4_pools_that_the_class_keeps(self):
                self.assertEqual(multiprocessing.active_children(), [])
                type(self).pool, type(self).threads = multiprocessing.Pool(1), ThreadPoolExecutor(1)
                self.addClassCleanup(self.threads.shutdown)
                self.addClassCleanup(self.pool.join)
                self.addClassCleanup(self.pool.terminate)
                self.threads.submit(abs, -1).result()

            def test_5_after_it(self):
                self.assertEqual(self.pool.map(abs, [-1]), [1])
                self.assertIsNone(self.server.poll())

            def test_6_ended_but_not_waited_for(self):
                type(self).ended = subprocess.Popen(sleeping(SECONDS))
                self.ended.terminate()
                threading.Thread(target=time.sleep, args=(0.02,)).start()

            def test_7_after_it(self):
                self.ended.wait()

            def test_8_thread(self):
                event = threading.Event()
                threading.Thread(target=event.wait, name="the thread").start()
                self.addClassCleanup(event.set)
                threading.Thread(target=event.wait, daemon=True).start()

            def test_9_thread_of_a_test_that_fails(self):
                self.test_8_thread()
                self.fail("its own failure")

        @medium
        class ThreadedTest(unittest.TestCase):
            '''Two tests at once, as runners with threads run them.'''

            def test_both(self):
                ran, started, ended = threading.Event(), threading.Event(), threading.Event()

                class LongTest(MediumTest):
                    def runTest(self):
                        ran.wait(SECONDS)
                        process = subprocess.Popen(sleeping(0.2))
                        started.set()
                        ended.wait(SECONDS)
                        self.assertEqual(process.wait(), 0)

                class ShortTest(MediumTest):
                    def runTest(self):
                        subprocess.run(sleeping(0), check=True)
                        ran.set()
                        started.wait(SECONDS)

                results = [unittest.TestResult(), unittest.TestResult()]
                first = threading.Thread(target=LongTest().run, args=(results[0],))
                second = threading.Thread(target=ShortTest().run, args=(results[1],))
                first.start()
                second.start()
                second.join()
                ended.set()
                first.join()
                self.assertEqual([result.errors + result.failures for result in results], [[], []])

        class LegacyTest(SampleTest):
            def test_1_leaves_a_server_to_later_tests(self):
                type(self).own = self.start_server()
                type(self).process = multiprocessing.Process(target=time.sleep, args=(SECONDS,))
                self.process.start()

            def test_2_runs_away(self):
                for number in range(9):
                    if number == 1:
                        type(self).left = subprocess.Popen(sleeping(SECONDS))
                    process = multiprocessing.get_context("fork").Process(target=abs, args=(1,))
                    process.start()
                    process.join()

            def test_3_after_it(self):
                self.assertIsNone(self.own.poll())
                self.assertTrue(self.process.is_alive())
                self.process.kill()
                self.process.join()

            def test_4_what_ran_away_is_ended(self):
                self.assertIsNotNone(self.left.poll())
    """

    def test_what_a_test_with_a_size_leaves_is_ended_and_reported(self):
        done, errors = self.run_sample("--leaks", "error", "test_sample.MediumTest")
        left = {
            "test_1_program_and_its_child": f"process left running: {sys.executable} -S -c ",
            "test_3_process": "process left running: ",
            "test_8_thread": "thread left running: the thread",
            "test_9_thread_of_a_test_that_fails": "[H007]",
        }
        found = [error for error in errors if "its own failure" not in error[1]]
        self.assert_errors(found, done, left)
        self.assertEqual(len(errors), len(left) + 1, done.stderr)

    def test_by_default_it_is_warned_of(self):
        done, errors = self.run_sample("test_sample.MediumTest.test_3_process")
        self.assertEqual((done.returncode, errors), (0, []), done.stderr)
        self.assertIn("HermeticWarning: [H007] test test_sample.MediumTest.test_3_process leaked state", done.stderr)

    def test_tests_in_other_threads_keep_their_processes(self):
        done, errors = self.run_sample("--leaks", "error", "test_sample.ThreadedTest")
        self.assertEqual((done.returncode, errors), (0, []), done.stderr)

    @posix_only("fork")
    def test_what_others_leave_is_theirs_unless_they_run_away(self):
        done, errors = self.run_sample("--leaks", "error", "--max-process-starts", "8", "test_sample.LegacyTest")
        self.assert_errors(errors, done, {"test_2_runs_away": "reached a limit on processes"})


if __name__ == "__main__":
    unittest.main()


@medium
class BusyThreadsTest(unittest.TestCase):
    def test_threads_that_start_while_one_looks_disturb_nobody(self):
        running, ended = scopes.running, threading.Event()

        def come_and_go() -> None:
            while not ended.is_set():
                for number in range(-200, 0):
                    running.by_thread[number] = scope
                for number in range(-200, 0):
                    del running.by_thread[number]

        scope = scopes.Scope(self, None)
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1e-6)
        thread = threading.Thread(target=come_and_go)
        thread.start()
        try:
            found = [leftovers._threads(scope) for _ in range(300)]
        finally:
            ended.set()
            thread.join()
        self.assertEqual(found, [[]] * 300)
