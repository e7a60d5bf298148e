"""A module whose setUpModule fails."""

import unittest


def setUpModule():
    raise OSError("in setUpModule")


class NeverTest(unittest.TestCase):
    def test_never(self):
        self.fail("never")
