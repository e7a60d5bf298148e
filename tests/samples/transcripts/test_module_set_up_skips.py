"""A module whose setUpModule skips."""

import unittest


def setUpModule():
    raise unittest.SkipTest("in setUpModule")


class NeverTest(unittest.TestCase):
    def test_never(self):
        self.fail("never")
