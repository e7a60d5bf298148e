import asyncio
import unittest

from hermetic import HermeticTestCase, small


class MarkedMethodsTest(unittest.IsolatedAsyncioTestCase):
    @small
    async def test_clean(self):
        await asyncio.sleep(0)

    @unittest.expectedFailure
    @small
    async def test_expected_failure(self):
        self.fail("as expected")


class HermeticCaseTest(HermeticTestCase, unittest.IsolatedAsyncioTestCase):
    async def test_clean(self):
        await asyncio.to_thread(sum, [1, 2])
