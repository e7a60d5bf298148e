import testtools
from testtools.matchers import Equals

from hermetic import HermeticTestCase, small
from scenarios import ExpectedFailureScenarios, Scenarios, swallow, with_marks


class MarkedMethodsTest(with_marks(small, Scenarios), testtools.TestCase):
    pass


@small
class MarkedClassTest(Scenarios, testtools.TestCase):
    def test_then_expectation_fails(self):
        swallow()
        self.expectThat(1, Equals(2))


class HermeticCaseTest(Scenarios, HermeticTestCase, testtools.TestCase):
    pass


@small
class ExpectedFailureTest(ExpectedFailureScenarios, testtools.TestCase):
    pass
