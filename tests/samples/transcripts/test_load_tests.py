"""Uses the load_tests protocol."""

import doctest
import unittest

import prices


class LeftOutTest(unittest.TestCase):
    def test_left_out(self):
        self.fail("load_tests left it out")


class TakenTest(unittest.TestCase):
    def test_taken(self):
        pass


class CountingSuite(unittest.TestSuite):
    def run(self, result, debug=False):
        print("a suite of its own class runs", self.countTestCases(), "tests")
        return super().run(result, debug)


def load_tests(loader, tests, pattern):
    print("load_tests got the pattern", pattern)
    suite = CountingSuite()
    suite.addTests(loader.loadTestsFromTestCase(TakenTest))
    suite.addTest(unittest.FunctionTestCase(print_something, description="a function"))
    suite.addTests(doctest.DocTestSuite(prices))
    return suite


def print_something():
    print("a function test")
