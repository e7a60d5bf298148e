"""A pool whose worker dies raises an error; plain Python would wait forever."""

from __future__ import annotations

import unittest

import support
from hermetic import medium
from hermetic._base import features
from support.sample_runs import METHODS, SampleRunCase

setUpModule = support.some_pythons_do_and_the_measured

_LOST = "H008] multiprocessing violation"


@medium
class DeadWorkerTest(SampleRunCase):
    WORK = """
        import os, sys, time

        def double(number):
            return 2 * number

        def leave(_):
            sys.exit()

        def leave_at_once(_):
            os._exit(0)

        def crash(_):
            os.kill(os.getpid(), 9)

        def fail():
            raise ValueError("in the initializer")

        class Unloadable:
            def __reduce__(self):
                return int, ("no number",)
    """
    TESTS = """
        import multiprocessing, unittest, work

        class PoolTest(unittest.TestCase):
            def pool(self, *args, **kwargs):
                pool = multiprocessing.Pool(2, *args, **kwargs)
                self.addCleanup(pool.join)
                self.addCleanup(pool.terminate)
                return pool

            def test_sys_exit(self):
                self.pool().map(work.leave, [1, 2, 3])

            def test_os_exit_in_apply(self):
                self.pool().apply(work.leave_at_once, (1,))

            def test_crash_in_imap(self):
                list(self.pool().imap(work.crash, [1, 2]))

            def test_crash_in_imap_unordered(self):
                list(self.pool().imap_unordered(work.crash, [1, 2]))

            def test_unloadable_task(self):
                self.pool().map(work.double, [work.Unloadable()])

            def test_failing_initializer(self):
                self.pool(work.fail).map(work.double, [1])

            def test_swallowed_and_used_again(self):
                pool = self.pool()
                with self.assertRaises(Exception):
                    pool.map(work.leave, [1])
                self.assertEqual(pool.map(work.double, [1, 2]), [2, 4])

            def test_workers_that_are_replaced_as_planned(self):
                self.assertEqual(self.pool(maxtasksperchild=1).map(work.double, [1, 2, 3], chunksize=1), [2, 4, 6])

            def test_terminated_with_work_to_do(self):
                self.pool().map_async(work.double, range(1000), chunksize=1)

            def test_an_exception_of_a_task_is_what_it_is(self):
                with self.assertRaises(TypeError):
                    self.pool().map(work.double, [None])
    """

    def test_every_way_to_die_is_one_error_and_nothing_else_is(self):
        lost = (
            "sys_exit", "os_exit_in_apply", "crash_in_imap", "crash_in_imap_unordered", "unloadable_task",
            "failing_initializer", "swallowed_and_used_again",
        )  # fmt: skip
        for method in METHODS:
            with self.subTest(method=method):
                done, errors = self.run_sample("--start-method", method)
                self.assert_errors(errors, done, {f"test_{name}": _LOST for name in lost})
                self.assertIn("Ran 10 tests", done.stderr)

    def test_the_error_says_which_worker_ended_how(self):
        done, [(_, text)] = self.run_sample("test_sample.PoolTest.test_crash_in_imap")
        self.assertIn("lost a worker of a Pool with its tasks: SpawnPoolWorker-", text)
        self.assertIn(f"ended with {'exit status 9' if features.WINDOWS else 'SIGKILL'}", text)
        self.assertIn("violations: H008 multiprocessing: 1 in 1 test\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
