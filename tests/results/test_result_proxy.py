"""The proxy that reports violations to the result of another runner."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import threading
import unittest

import hermetic
from hermetic._results.result_proxy import ResultProxy, proxy_of
from hermetic._rules import marking
from hermetic._settings.current_run import current_run
from support import Folder, run_python


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


class KeptProxyTest(hermetic.HermeticTestCase):
    def setUp(self) -> None:
        before = current_run.last_proxy
        self.addCleanup(lambda: setattr(current_run, "last_proxy", before))
        self.result = unittest.TestResult()
        self.proxy = proxy_of(self.result)

    def test_a_result_keeps_its_proxy(self):
        self.assertIs(proxy_of(self.result), self.proxy)

    def test_another_result_gets_one_of_its_own(self):
        self.assertIsNot(proxy_of(unittest.TestResult()), self.proxy)

    def test_a_test_within_a_test_gets_one_of_its_own(self):
        self.proxy.startTest(self)
        self.addCleanup(self.proxy.stopTest, self)
        self.assertIsNot(proxy_of(self.result), self.proxy)

    def test_each_thread_gets_one_of_its_own(self):
        found: list[ResultProxy] = []
        thread = threading.Thread(target=lambda: found.append(proxy_of(self.result)))
        thread.start()
        thread.join()
        self.assertIsNot(found[0], self.proxy)

    def test_new_settings_drop_it(self):
        marking.forget()
        self.assertIsNot(proxy_of(self.result), self.proxy)


FOLLOWING = """
    import subprocess, sys, unittest
    from hermetic import allow, medium, small

    def start():
        subprocess.run([sys.executable, "-c", ""], check=True)

    class FollowingTest(unittest.TestCase):
        @small
        def test_1_small(self): start()
        @small
        def test_2_small_and_idle(self): pass
        @small
        def test_3_small(self): start()
        @medium
        def test_4_medium(self): start()
        @small
        def test_5_small(self): start()
        def test_6_unmarked(self): start()
        @small
        @allow(processes=["python*"])
        def test_7_allowed(self): start()
        @small
        def test_8_small(self): start()
"""


@hermetic.medium  # it starts processes
class FollowingTest(hermetic.HermeticTestCase):
    def test_tests_of_a_class_are_judged_each_by_its_own_marks(self):
        with Folder(**{"test_it.py": FOLLOWING}) as folder:
            for runner in ("unittest", "hermetic"):
                with self.subTest(runner=runner):
                    done = run_python("-m", runner, "-v", "test_it", cwd=folder)
                    failed = re.findall(r"^ERROR: test_(\d)", done.stderr, re.MULTILINE)
                    self.assertEqual((done.returncode, failed), (1, ["1", "3", "5", "8"]), done.stderr)


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
