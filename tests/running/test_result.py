from __future__ import annotations

import copy
import pickle
import unittest

import hermetic
from hermetic._unittest.result import ResultProxy, proxy_of


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
