import unittest

from hermetic import HermeticTestCase, small
from scenarios import start_process, swallow


@small
class SwallowedInSetUpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        swallow()

    def test_clean(self):
        pass

    def test_clean_too(self):
        pass


class SwallowedInTearDownTest(HermeticTestCase):
    @classmethod
    def tearDownClass(cls):
        swallow()

    def test_clean(self):
        pass


class RaisedInSetUpTest(HermeticTestCase):
    @classmethod
    def setUpClass(cls):
        start_process()

    def test_never_runs(self):
        pass
