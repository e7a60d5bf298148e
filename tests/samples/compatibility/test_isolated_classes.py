import os
import unittest

from hermetic import isolated
from isolation_notes import note


@isolated
class CrashTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        note("CrashTest.setUpClass")
        cls.seen = []

    @classmethod
    def tearDownClass(cls):
        note("CrashTest.tearDownClass")

    def test_1_passes(self):
        self.seen.append("first")

    def test_2_exits(self):
        self.assertEqual(["first"], self.seen)
        os._exit(0)

    def test_3_passes_in_a_new_process(self):
        self.assertEqual([], self.seen)


@isolated
class BrokenSetUpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        note("BrokenSetUpTest.setUpClass")
        raise ValueError("broken set-up")

    def test_never(self):
        note("never")


@isolated
class SkippedSetUpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("not today")

    def test_never_either(self):
        note("never")
