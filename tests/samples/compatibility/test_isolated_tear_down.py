import unittest

from hermetic import isolated


@isolated
class BrokenTearDownTest(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise ValueError("broken tear-down")

    def test_passes(self):
        pass
