"""Small tests that do what they may not, and hide it in every way there is. Run by running/test_violations.py."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import socket
import threading
import unittest

from hermetic import small


def reach() -> None:
    """Refused in a small test; leads nowhere but to this machine."""
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))


def swallow() -> None:
    with contextlib.suppress(Exception):
        reach()


class Reacher:
    def __del__(self) -> None:
        swallow()


@small
class Body(unittest.TestCase):
    def test_raised(self):
        reach()

    def test_clean(self):
        pass

    def test_except_exception(self):
        try:
            reach()
        except Exception:
            pass

    def test_except_base_exception(self):
        try:
            reach()
        except BaseException:
            pass

    def test_except_os_error(self):
        try:
            reach()
        except OSError:
            pass

    def test_finally_return(self):
        def hide():
            try:
                reach()
            finally:
                return  # noqa: B012

        hide()

    def test_suppress(self):
        with contextlib.suppress(Exception):
            reach()

    def test_assert_raises(self):
        with self.assertRaises(Exception):
            reach()

    def test_retry_loop(self):
        for _ in range(3):
            try:
                reach()
            except Exception:
                continue

    def test_two_places(self):
        try:
            with socket.socket() as sock:
                sock.connect(("127.0.0.1", 10))
        except Exception:
            swallow()

    def test_translated(self):
        try:
            reach()
        except Exception as error:
            raise ValueError("translated") from error

    def test_translated_without_a_cause(self):
        try:
            reach()
        except Exception:
            raise ValueError("translated") from None

    @unittest.expectedFailure
    def test_expected_failure(self):
        reach()

    @unittest.expectedFailure
    def test_expected_failure_swallowed(self):
        swallow()
        self.fail("as expected")

    @unittest.expectedFailure
    def test_unexpected_success(self):
        swallow()

    def test_subtest(self):
        with self.subTest("inner"):
            reach()

    def test_subtest_swallowed(self):
        with self.subTest("inner"):
            swallow()

    def test_subtest_swallowed_then_failed(self):
        with self.subTest("inner"):
            swallow()
            self.fail("too")

    def test_skip_afterwards(self):
        swallow()
        self.skipTest("no server")

    def test_skip_because_of_it(self):
        try:
            reach()
        except Exception as error:
            raise unittest.SkipTest("no server") from error

    def test_failure_afterwards(self):
        swallow()
        self.fail("too")

    def test_thread(self):
        thread = threading.Thread(target=swallow)
        thread.start()
        thread.join()

    def test_nested_threads(self):
        def outer():
            inner = threading.Thread(target=swallow)
            inner.start()
            inner.join()

        thread = threading.Thread(target=outer)
        thread.start()
        thread.join()

    def test_timer(self):
        timer = threading.Timer(0, swallow)
        timer.start()
        timer.join()

    def test_executor(self):
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            executor.submit(reach).exception()

    def test_executor_result(self):
        with concurrent.futures.ThreadPoolExecutor(1) as executor:
            executor.submit(reach).result()

    def test_thread_pool_of_multiprocessing(self):
        from multiprocessing.pool import ThreadPool

        with ThreadPool(1) as pool:
            pool.apply(swallow)

    def test_destructor(self):
        Reacher()

    def test_destructor_of_a_cycle(self):
        reacher = Reacher()
        reacher.itself = reacher
        del reacher
        gc.collect()

    def test_asyncio_run(self):
        async def main():
            swallow()

        asyncio.run(main())


@small
class Async(unittest.IsolatedAsyncioTestCase):
    async def test_async_raised(self):
        reach()

    async def test_async_swallowed(self):
        swallow()

    async def test_callback(self):
        asyncio.get_running_loop().call_soon(swallow)
        await asyncio.sleep(0)

    async def test_callback_that_raises(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        loop.call_soon(reach)
        await asyncio.sleep(0)

    async def test_timed_callback(self):
        asyncio.get_running_loop().call_later(0.001, swallow)
        await asyncio.sleep(0.05)

    async def test_task(self):
        async def work():
            swallow()

        await asyncio.create_task(work())

    async def test_task_nobody_awaits(self):
        async def work():
            reach()

        self.task = asyncio.create_task(work())
        await asyncio.sleep(0)

    async def test_gather(self):
        async def work():
            reach()

        await asyncio.gather(work(), return_exceptions=True)

    async def test_run_in_executor(self):
        await asyncio.get_running_loop().run_in_executor(None, swallow)

    async def test_to_thread(self):
        await asyncio.to_thread(swallow)

    async def test_open_connection(self):
        with contextlib.suppress(Exception):
            await asyncio.open_connection("127.0.0.1", 9)


@small
class AsyncFixtures(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        if "async_set_up" in self.id():
            swallow()

    async def asyncTearDown(self):
        if "async_tear_down" in self.id():
            swallow()

    async def test_async_set_up(self):
        pass

    async def test_async_tear_down(self):
        pass

    async def test_async_cleanup(self):
        async def clean():
            swallow()

        self.addAsyncCleanup(clean)


@small
class Fixtures(unittest.TestCase):
    def setUp(self):
        if "in_setUp_raised" in self.id():
            reach()
        if "in_setUp" in self.id():
            swallow()

    def tearDown(self):
        if "in_tearDown_raised" in self.id():
            reach()
        if "in_tearDown" in self.id():
            swallow()

    def test_in_setUp(self):
        pass

    def test_in_setUp_raised(self):
        pass

    def test_in_tearDown(self):
        pass

    def test_in_tearDown_raised(self):
        pass

    def test_in_cleanup(self):
        self.addCleanup(swallow)

    def test_in_cleanup_raised(self):
        self.addCleanup(reach)

    def test_in_cleanup_of_setUp_and_skipped(self):
        self.addCleanup(swallow)
        self.skipTest("not now")

    @unittest.expectedFailure
    def test_in_cleanup_of_expected_failure(self):
        self.addCleanup(swallow)
        self.fail("as expected")


@small
class InSetUpClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        swallow()

    def test_after_setUpClass(self):
        pass


@small
class InSetUpClassRaised(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reach()

    def test_never_run(self):
        pass


@small
class InTearDownClass(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        swallow()

    def test_before_tearDownClass(self):
        pass


@small
class InTearDownClassRaised(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        reach()

    def test_before_tearDownClass_raised(self):
        pass


@small
class InClassCleanup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(swallow)

    def test_before_class_cleanup(self):
        pass


@small
class InClassCleanupRaised(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(reach)

    def test_before_class_cleanup_raised(self):
        pass


@small
class InInheritedSetUpClass(InSetUpClass):
    def test_after_setUpClass(self):
        pass


@small
class Outliving(unittest.TestCase):
    """A thread that is started by the first test, and reaches out while the second one runs."""

    go = threading.Event()
    thread = None

    def test_outlived_1_starts_it(self):
        type(self).thread = threading.Thread(target=lambda: self.go.wait(10) and swallow())
        self.thread.start()

    def test_outlived_2_waits_for_it(self):
        self.go.set()
        self.thread.join()


@small
class SharedExecutor(unittest.TestCase):
    """An executor whose one thread is started by the first test, and works for the second one."""

    executor = concurrent.futures.ThreadPoolExecutor(1)

    def test_shared_1_starts_the_thread(self):
        self.executor.submit(int).result()

    def test_shared_2_submits(self):
        self.executor.submit(swallow).result()

    def test_shared_3_submits_nothing_bad(self):
        self.executor.submit(int).result()


if __name__ == "__main__":
    unittest.main()
