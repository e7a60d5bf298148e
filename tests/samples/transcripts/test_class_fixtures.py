"""Class fixtures and class cleanups, each order printed."""

import unittest


class GoodTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print("setUpClass")
        cls.addClassCleanup(print, "class cleanup")

    @classmethod
    def tearDownClass(cls):
        print("tearDownClass")

    def test_one(self):
        print("test_one")

    def test_two(self):
        print("test_two")


class BrokenSetUpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(print, "class cleanup after a failed setUpClass")
        raise ValueError("in setUpClass")

    def test_never(self):
        self.fail("never")


class BrokenTearDownTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(cls.clean)

    @classmethod
    def tearDownClass(cls):
        raise ValueError("in tearDownClass")

    @classmethod
    def clean(cls):
        raise KeyError("in a class cleanup")

    def test_success(self):
        pass


class SkippingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("in setUpClass")

    def test_never(self):
        self.fail("never")
