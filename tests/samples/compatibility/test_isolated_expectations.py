import unittest

from hermetic import isolated


class ExpectationsTest(unittest.TestCase):
    @isolated
    @unittest.expectedFailure
    def test_expected_failure(self):
        self.fail("as expected")

    @isolated
    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass
