"""Module fixtures and module cleanups."""

import unittest


def setUpModule():
    print("setUpModule")
    unittest.addModuleCleanup(clean)


def tearDownModule():
    print("tearDownModule")


def clean():
    print("module cleanup")
    raise OSError("in a module cleanup")


class FirstTest(unittest.TestCase):
    def test_success(self):
        print("test_success")
