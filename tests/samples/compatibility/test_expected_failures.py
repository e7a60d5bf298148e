import unittest

from hermetic import HermeticTestCase, small
from scenarios import ExpectedFailureScenarios, start_process, with_marks


class MarkBelowTest(unittest.TestCase):
    @unittest.expectedFailure
    @small
    def test_expected_failure_that_violates(self):
        start_process()


class MarkedMethodsTest(with_marks(small, ExpectedFailureScenarios), unittest.TestCase):
    pass


@small
class MarkedClassTest(ExpectedFailureScenarios, unittest.TestCase):
    pass


class HermeticCaseTest(ExpectedFailureScenarios, HermeticTestCase):
    pass
