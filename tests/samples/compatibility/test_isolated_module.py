import unittest

from hermetic import isolated
from isolation_notes import note

__hermetic__ = isolated
seen = []


def setUpModule():
    note("setUpModule")
    seen.append("module")


def tearDownModule():
    note("tearDownModule")


class ModuleTest(unittest.TestCase):
    def test_passes(self):
        note("module")
        self.assertEqual(["module"], seen)

    def test_passes_too(self):
        note("module")
        self.assertEqual(["module"], seen)
