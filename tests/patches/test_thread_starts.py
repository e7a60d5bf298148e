"""Canaries: the functions of the standard library that start threads, and their arguments."""

from __future__ import annotations

import _thread
import concurrent.futures
import concurrent.futures.thread
import inspect
import sys
import threading
from unittest import mock

import hermetic
from support.plain_python import original

HAS_JOINABLE_THREADS = hasattr(_thread, "start_joinable_thread")


class ThreadTest(hermetic.HermeticTestCase):
    """The functions that start threads, which hermetic patches."""

    def test_the_functions_that_start_threads_are_there(self):
        self.assertEqual(HAS_JOINABLE_THREADS, sys.version_info >= (3, 13))
        self.assertTrue(callable(_thread.start_new_thread) and callable(_thread.start_new))

    def test_there_is_no_other_function_that_starts_one(self):
        found = {name for name in dir(_thread) if name.startswith("start_")}
        self.assertEqual(found - {"start_new_thread", "start_new", "start_joinable_thread"}, set())

    def test_threading_keeps_the_function_under_a_name_of_its_module(self):
        name = "_start_joinable_thread" if HAS_JOINABLE_THREADS else "_start_new_thread"
        self.assertIs(getattr(threading, name), getattr(_thread, name[1:]))

    def test_threading_hands_over_a_callable_in_the_first_place(self):
        name = "_start_joinable_thread" if HAS_JOINABLE_THREADS else "_start_new_thread"
        with mock.patch.object(threading, name, wraps=getattr(threading, name)) as start:
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
        self.assertTrue(callable(start.call_args.args[0]))

    def test_an_executor_takes_work_through_submit(self):
        submit = original(concurrent.futures.ThreadPoolExecutor.submit)
        kinds = [(p.name, p.kind) for p in inspect.signature(submit).parameters.values()]
        kind = inspect.Parameter
        self.assertEqual(kinds[:2], [("self", kind.POSITIONAL_ONLY), ("fn", kind.POSITIONAL_ONLY)])
        self.assertEqual([k for _, k in kinds[2:]], [kind.VAR_POSITIONAL, kind.VAR_KEYWORD])

    def test_mapping_over_an_executor_goes_through_submit(self):
        with (
            concurrent.futures.ThreadPoolExecutor(1) as pool,
            mock.patch.object(pool, "submit", wraps=pool.submit) as submit,
        ):
            self.assertEqual(list(pool.map(abs, [-1, -2])), [1, 2])
        self.assertEqual(submit.call_count, 2)

    def test_the_module_of_the_executor_has_its_known_name(self):
        self.assertEqual(concurrent.futures.ThreadPoolExecutor.__module__, "concurrent.futures.thread")
