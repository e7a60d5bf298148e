"""Every outcome that a test can have."""

import sys
import unittest
import warnings


class OutcomeTest(unittest.TestCase):
    def test_error(self):
        mapping = {}
        mapping["missing"]

    def test_exit(self):
        sys.exit(7)

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.fail("as expected")

    def test_failure(self):
        """A first line that is shown instead of the name."""
        expected = [1, 2, 3]
        self.assertEqual(expected, [1, 2])

    def test_failure_with_cause(self):
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("outer") from error

    def test_success(self):
        pass

    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass

    def test_warning(self):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


class SkipTest(unittest.TestCase):
    @unittest.skip("by decorator")
    def test_decorated(self):
        self.fail("never")

    def test_from_within(self):
        self.skipTest("from within")

    @unittest.skipUnless(False, "unless")
    def test_unless(self):
        self.fail("never")


@unittest.skipIf(True, "the class")
class SkippedClassTest(unittest.TestCase):
    def test_never(self):
        self.fail("never")


class SubTestTest(unittest.TestCase):
    def test_subtests(self):
        for number in range(4):
            with self.subTest("message", number=number):
                if number == 1:
                    self.fail("one")
                if number == 2:
                    self.skipTest("two")
                if number == 3:
                    raise ValueError("three")

    def test_subtests_that_pass(self):
        with self.subTest(number=1):
            pass


class FixtureTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(self.clean)
        if self._testMethodName == "test_set_up_fails":
            raise OSError("in setUp")

    def tearDown(self):
        if self._testMethodName == "test_everything_fails":
            raise OSError("in tearDown")

    def clean(self):
        if self._testMethodName == "test_everything_fails":
            self.fail("in a cleanup")

    def test_everything_fails(self):
        self.fail("in the body")

    def test_set_up_fails(self):
        self.fail("never")
