import unittest

from shop import about


class AboutTest(unittest.TestCase):
    def test_version(self):
        self.assertTrue(about.version())
