import asyncio
import logging
import unittest

from hermetic import HermeticTestCase, small

# On a busy machine, asyncio reports callbacks that take long, between the name of a test and its outcome.
logging.getLogger("asyncio").setLevel(logging.ERROR)


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
