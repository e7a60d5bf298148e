import unittest


class InnerTest(unittest.TestCase):
    def test_alpha(self):
        pass

    def test_beta(self):
        pass

    def helper(self):
        self.fail("not a test")


class OuterTest(unittest.TestCase):
    class NestedTest(unittest.TestCase):
        def test_nested(self):
            pass

    def test_outer(self):
        pass


def suite():
    return unittest.TestSuite([InnerTest("test_beta"), InnerTest("test_alpha")])


def one_test():
    return InnerTest("test_beta")


def no_test():
    return 42
