import unittest

from hermetic import HermeticTestCase, small
from scenarios import AsyncScenarios, with_marks


class MarkedMethodsTest(with_marks(small, AsyncScenarios), unittest.IsolatedAsyncioTestCase):
    pass


@small
class MarkedClassTest(AsyncScenarios, unittest.IsolatedAsyncioTestCase):
    pass


class HermeticCaseTest(AsyncScenarios, HermeticTestCase, unittest.IsolatedAsyncioTestCase):
    pass
