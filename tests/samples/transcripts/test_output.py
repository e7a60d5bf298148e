"""Tests that print, for -b."""

import sys
import unittest


class PrintingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("out of setUpClass")

    def test_failure(self):
        print("out of a failing test")
        print("err of a failing test", file=sys.stderr)
        self.fail("after printing")

    def test_subtest(self):
        with self.subTest(part=1):
            print("out of a subtest")
            self.fail("in a subtest")

    def test_success(self):
        print("out of a passing test")
        print("err of a passing test", file=sys.stderr)
