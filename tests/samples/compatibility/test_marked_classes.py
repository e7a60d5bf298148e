import unittest

from hermetic import HermeticTestCase, medium, small
from scenarios import MediumScenarios, Scenarios, start_process


@small
class MarkedClassTest(Scenarios, unittest.TestCase):
    pass


class InheritedMarkTest(MarkedClassTest):
    @medium
    def test_clean_medium(self):
        start_process()


@medium
class MarkedMediumClassTest(MediumScenarios, unittest.TestCase):
    pass


class HermeticCaseTest(Scenarios, HermeticTestCase):
    @medium
    def test_clean_medium(self):
        start_process()


@medium
class HermeticMediumTest(MediumScenarios, HermeticTestCase):
    pass
