import unittest

from hermetic import isolated
from isolation_notes import note


@isolated
class ClassTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        note("ClassTest.setUpClass")

    @classmethod
    def tearDownClass(cls):
        note("ClassTest.tearDownClass")

    def test_passes(self):
        note("class")

    def test_passes_too(self):
        note("class")


class FirstGroupTest(unittest.TestCase):
    @isolated("shared")
    def test_passes(self):
        note("group")

    @isolated("shared")
    def test_passes_too(self):
        note("group")

    @isolated("another")
    def test_passes_elsewhere(self):
        note("another")

    def test_passes_here(self):
        note("here")
