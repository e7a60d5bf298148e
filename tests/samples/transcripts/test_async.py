"""Async tests."""

import asyncio
import logging
import unittest

logging.getLogger("asyncio").setLevel(logging.ERROR)  # or it tells on a busy machine how long a call took


class AsyncTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        print("setUp")

    async def asyncSetUp(self):
        self.addAsyncCleanup(self.clean)
        self.queue = asyncio.Queue()

    async def asyncTearDown(self):
        print("asyncTearDown")

    async def clean(self):
        print("async cleanup")

    async def test_failure(self):
        await asyncio.sleep(0)
        self.assertEqual(1, 2)

    async def test_skip(self):
        self.skipTest("async")

    async def test_subtests(self):
        for number in range(2):
            with self.subTest(number=number):
                await asyncio.sleep(0)
                self.assertEqual(number, 0)

    async def test_success(self):
        await self.queue.put(1)
        self.assertEqual(await self.queue.get(), 1)

    def test_sync(self):
        pass
