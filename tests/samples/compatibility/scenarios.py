"""What tests do, right and wrong, for the test modules of this suite to inherit.

Each test but those of ``Clean`` does once what a small test may not. Whatever becomes of the exception, the verdict
is the same: one error. Where a test starts a process, it would be this Python, which would do nothing.
"""

import asyncio
import concurrent.futures
import socket
import subprocess
import sys
import threading
import unittest


def start_process():
    subprocess.run([sys.executable, "-c", ""], check=True)


def connect():
    with socket.socket() as stream:
        stream.settimeout(1)
        stream.connect(("127.0.0.1", 9))


def name_remote_address():
    # "Connecting" a datagram socket sends nothing, whoever allows it.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(("203.0.113.7", 9))


def swallow(deed=start_process):
    try:
        deed()
    except Exception:
        pass


class Clean:
    def test_clean(self):
        self.assertEqual(sum([1, 2]), 3)

    @unittest.skip("always")
    def test_skipped(self):
        start_process()

    def test_skips_itself(self):
        self.skipTest("always")


class CleanExpectedFailure:
    @unittest.expectedFailure
    def test_expected_failure(self):
        self.fail("as expected")


class Scenarios(Clean):
    def setUp(self):
        super().setUp()
        if self.id().endswith(".test_swallowed_in_set_up"):
            swallow()
        if self.id().endswith(".test_set_up_that_fails_too"):
            swallow()
            raise RuntimeError("setUp fails")

    def tearDown(self):
        if self.id().endswith(".test_swallowed_in_tear_down"):
            swallow()
        super().tearDown()

    def test_raised(self):
        start_process()

    def test_raised_by_network(self):
        connect()

    def test_swallowed_in_body(self):
        swallow()

    def test_swallowed_by_network(self):
        swallow(connect)

    def test_swallowed_by_assert_raises(self):
        with self.assertRaises(Exception):
            start_process()

    def test_swallowed_in_set_up(self):
        pass

    def test_swallowed_in_tear_down(self):
        pass

    def test_swallowed_in_cleanup(self):
        self.addCleanup(swallow)

    def test_swallowed_in_sub_test(self):
        with self.subTest("first"):
            swallow()
        with self.subTest("second"):
            pass

    def test_raised_in_sub_test(self):
        with self.subTest("first"):
            start_process()
        with self.subTest("second"):
            pass

    def test_then_skips(self):
        swallow()
        self.skipTest("after the violation")

    def test_then_fails(self):
        swallow()
        self.fail("after the violation")

    def test_set_up_that_fails_too(self):
        pass

    def test_swallowed_in_thread(self):
        thread = threading.Thread(target=swallow)
        thread.start()
        thread.join()

    def test_swallowed_in_executor(self):
        with concurrent.futures.ThreadPoolExecutor() as executor:
            executor.submit(swallow).result()


class ExpectedFailureScenarios(CleanExpectedFailure):
    @unittest.expectedFailure
    def test_expected_failure_that_violates(self):
        start_process()

    @unittest.expectedFailure
    def test_expected_failure_that_swallows(self):
        swallow()
        self.fail("as expected")

    @unittest.expectedFailure
    def test_expected_failure_that_passes(self):
        swallow()


class AsyncScenarios:
    async def asyncSetUp(self):
        await super().asyncSetUp()
        if self.id().endswith(".test_swallowed_in_async_set_up"):
            swallow()

    async def asyncTearDown(self):
        if self.id().endswith(".test_swallowed_in_async_tear_down"):
            swallow()
        await super().asyncTearDown()

    async def test_clean_async(self):
        await asyncio.sleep(0)

    async def test_raised_async(self):
        await asyncio.sleep(0)
        start_process()

    async def test_swallowed_async(self):
        await asyncio.sleep(0)
        swallow()

    async def test_swallowed_in_async_set_up(self):
        pass

    async def test_swallowed_in_async_tear_down(self):
        pass

    async def test_swallowed_in_async_cleanup(self):
        async def clean_up():
            swallow()

        self.addAsyncCleanup(clean_up)

    async def test_swallowed_in_task(self):
        async def work():
            swallow()

        await asyncio.create_task(work())

    async def test_swallowed_in_loop_executor(self):
        await asyncio.get_running_loop().run_in_executor(None, swallow)

    async def test_async_stream(self):
        try:
            await asyncio.open_connection("127.0.0.1", 9)
        except Exception:
            pass

    @unittest.expectedFailure
    async def test_expected_failure_that_violates_async(self):
        start_process()

    async def test_then_skips_async(self):
        swallow()
        self.skipTest("after the violation")


class MediumScenarios:
    def test_clean_process(self):
        start_process()

    def test_clean_loopback(self):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            pass

    def test_raised_by_remote_address(self):
        name_remote_address()

    def test_swallowed_by_remote_address(self):
        swallow(name_remote_address)


def with_marks(mark, scenarios):
    """Scenarios with a mark on each test method, as if it were written above each."""
    tests = {name: mark(getattr(scenarios, name)) for name in dir(scenarios) if name.startswith("test_")}
    return type(f"Marked{scenarios.__name__}", (scenarios,), tests)
