"""The running threads are found where threading and the executors record them."""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
import sys
import threading

import hermetic
from hermetic._stdlib import thread_internals


class ThreadsTest(hermetic.HermeticTestCase):
    def test_threading_keeps_the_threads_that_run_and_those_that_are_starting(self):
        done = threading.Event()
        thread = threading.Thread(target=done.wait)
        thread.start()
        try:
            self.assertEqual(set(thread_internals.enumerate_threads(threading)), set(threading.enumerate()))
        finally:
            done.set()
            thread.join()
        self.assertEqual(threading._limbo, {})

    def test_the_threads_of_executors_are_known(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            thread = pool.submit(threading.current_thread).result()
            self.assertIn(thread, thread_internals.threads_of_executors())

    def test_the_frames_of_all_threads_are_known_by_their_identifier(self):
        self.assertIs(sys._current_frames()[threading.get_ident()], sys._getframe())
