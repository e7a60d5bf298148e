from django.test import SimpleTestCase, override_settings

from hermetic import HermeticTestCase, small
from scenarios import ExpectedFailureScenarios, Scenarios, swallow, with_marks


class MarkedMethodsTest(with_marks(small, Scenarios), SimpleTestCase):
    pass


@small
@override_settings(DEBUG=True)
class MarkedClassTest(Scenarios, SimpleTestCase):
    async def test_swallowed_async(self):
        swallow()


class HermeticCaseTest(Scenarios, HermeticTestCase, SimpleTestCase):
    pass


@small
class ExpectedFailureTest(ExpectedFailureScenarios, SimpleTestCase):
    pass
