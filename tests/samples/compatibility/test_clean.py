import unittest

from hermetic import HermeticTestCase, medium, small
from scenarios import Clean, start_process, with_marks


class MarkedMethodsTest(with_marks(small, Clean), unittest.TestCase):
    pass


@small
class MarkedClassTest(Clean, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()

    @medium
    def test_clean_medium(self):
        start_process()


class HermeticCaseTest(Clean, HermeticTestCase):
    @medium
    def test_clean_medium(self):
        start_process()


class UnmarkedTest(unittest.TestCase):
    def test_clean(self):
        start_process()
