import unittest

from hermetic import medium, small
from scenarios import MediumScenarios, Scenarios, start_process, swallow, with_marks


class WrittenOutTest(unittest.TestCase):
    def setUp(self):
        if self.id().endswith(".test_swallowed_in_set_up"):
            swallow()

    @small
    def test_clean(self):
        pass

    def test_clean_unmarked(self):
        start_process()

    @small
    @unittest.skip("always")
    def test_skipped(self):
        start_process()

    @unittest.skip("always")
    @small
    def test_skipped_above_the_mark(self):
        start_process()

    @small
    def test_raised(self):
        start_process()

    @small
    def test_swallowed_in_body(self):
        swallow()

    @small
    def test_swallowed_in_set_up(self):
        pass

    @small
    def test_then_skips(self):
        swallow()
        self.skipTest("after the violation")

    @small
    def test_then_fails(self):
        swallow()
        self.fail("after the violation")

    @medium
    def test_clean_medium(self):
        start_process()


class MarkedMethodsTest(with_marks(small, Scenarios), unittest.TestCase):
    pass


class MarkedMediumMethodsTest(with_marks(medium, MediumScenarios), unittest.TestCase):
    pass
