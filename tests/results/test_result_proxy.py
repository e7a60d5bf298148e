"""The proxy that reports violations to the result of another runner."""

from __future__ import annotations

import copy
import pickle
import subprocess
import unittest

import hermetic
from hermetic._results.result_proxy import ResultProxy, proxy_of


class LegacyResult:
    """As results were before there were subtests and expected failures."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def startTest(self, test: unittest.TestCase) -> None: ...

    def addError(self, test: unittest.TestCase, err: object) -> None:
        self.errors.append(str(test))


class ProxyTest(hermetic.HermeticTestCase):
    def test_a_copy_works(self):
        result = LegacyResult()
        copy.copy(proxy_of(result)).addError("test", (ValueError, ValueError(), None))
        self.assertEqual(result.errors, ["test"])

    def test_pickled_it_comes_back_with_a_result_of_its_own(self):
        result = LegacyResult()
        again = pickle.loads(pickle.dumps(ResultProxy(result)))
        again.addError("test", (ValueError, ValueError(), None))
        self.assertEqual((again.errors, result.errors), (["test"], []))

    def test_it_has_no_method_that_the_result_lacks(self):
        proxy = proxy_of(LegacyResult())
        self.assertEqual([hasattr(proxy, name) for name in ("addError", "addSubTest", "addSkip")], [True, False, False])

    def test_what_is_set_on_it_is_set_on_the_result(self):
        result = unittest.TestResult()
        proxy_of(result).failfast = True
        self.assertTrue(result.failfast)


class TellingResult(unittest.TestResult):
    """Tells of errors of tests, and leaves those of subtests to unittest."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def addError(self, test: unittest.TestCase, err: object) -> None:
        self.told.append(f"error {type(err[1]).__name__}")

    def addFailure(self, test: unittest.TestCase, err: object) -> None:
        self.told.append(f"failure {err[1]}")


class SubtestsTest(hermetic.HermeticTestCase):
    def told_of(self, cls: type[unittest.TestCase]) -> list[str]:
        result = TellingResult()
        cls("test_it").run(result)
        return result.told

    def test_a_result_that_takes_no_subtests_of_its_own_is_told_of_the_test(self):
        @hermetic.small
        class CaseTest(unittest.TestCase):
            def test_it(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertEqual(number, 1, number)
                with self.subTest("an error"):
                    raise ValueError

        failures = [f"failure {number} != 1 : {number}" for number in (0, 2)]
        self.assertEqual(self.told_of(CaseTest), [*failures, "error ValueError"])

    def test_a_violation_in_a_subtest_is_told_once(self):
        @hermetic.small
        class CaseTest(unittest.TestCase):
            def test_it(self):
                with self.subTest("it"):
                    subprocess.run(["true"])

        self.assertEqual(self.told_of(CaseTest), ["error SubprocessViolationError"])

    def test_a_violation_that_another_error_stands_for_is_told_once(self):
        @hermetic.small
        class CaseTest(unittest.TestCase):
            def test_it(self):
                with self.subTest("it"):
                    try:
                        subprocess.run(["true"])
                    except hermetic.ViolationError:
                        raise KeyError("true") from None

        self.assertEqual(self.told_of(CaseTest), ["error KeyError", "error SubprocessViolationError"])
