import unittest

from shop import about


class AuthorsTest(unittest.TestCase):
    def test_authors(self):
        self.assertIsInstance(about.authors(), list)
