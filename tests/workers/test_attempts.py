"""Attempts: what the first one reports is held, and shown as the retries decide."""

from __future__ import annotations

import sys
import unittest
import warnings

import hermetic
from hermetic import HermeticWarning
from hermetic._base.errors import GuardError
from hermetic._results.listeners import NO_LISTENERS, Listener, Listeners
from hermetic._workers.attempts import Attempt, AttemptResult


class Case(unittest.TestCase):
    """The test whose attempts are told by hand."""

    def test_it(self):
        pass


def raised(error):
    try:
        raise error
    except type(error):
        return sys.exc_info()


class Hearing(Listener):
    def __init__(self):
        self.told = []

    def addRetries(self, test, attempts, diagnosis):
        self.told.append(([attempt.outcome for attempt in attempts], diagnosis))


class Result(unittest.TestResult):
    def __init__(self, *hearing):
        super().__init__()
        self.hermetic_listeners = Listeners() if hearing else NO_LISTENERS
        for listener in hearing:
            self.hermetic_listeners.add(listener)


class AttemptCase(hermetic.HermeticTestCase):
    """Tells an attempt what happens."""

    def setUp(self):
        self.test, self.hearing = Case("test_it"), Hearing()
        self.result = Result(self.hearing)
        self.numbers = []
        self.later = []  # the methods of a result that the retries call, each with its arguments
        self.failure = raised(AssertionError("first"))

    def attempt(self, retries=2):
        return Attempt(self.test, retries, self.run_again, lambda attempts: f"of {len(attempts)}")

    def ended(self, attempt):
        attempt.end(self.result)
        return attempt.events

    def run_again(self, number, result):
        self.numbers.append(number)
        name, *args = self.later.pop(0)
        getattr(result, name)(self.test, *args)
        result.stopTest(self.test)


class VerdictTest(AttemptCase):
    def test_a_success_is_not_held(self):
        attempt = self.attempt()
        self.assertFalse(attempt.holds("addSkip", ("why",), {}))
        self.assertEqual((self.ended(attempt), self.hearing.told), ([], []))

    def test_a_test_that_passes_on_a_retry_is_told_as_a_success(self):
        attempt = self.attempt()
        self.assertTrue(attempt.holds("addFailure", (self.failure,), {}))
        self.later = [("addError", raised(OSError())), ("addSuccess",)]
        self.assertEqual(self.ended(attempt), [("addSuccess", (), {})])
        self.assertEqual(self.hearing.told, [(["failure", "error", "success"], "of 3")])
        self.assertEqual(self.numbers, [2, 3])

    def test_a_test_that_never_passes_is_told_as_it_failed_first(self):
        attempt = self.attempt(retries=1)
        attempt.holds("addFailure", (self.failure,), {})
        self.later = [("addError", raised(OSError()))]
        self.assertEqual(self.ended(attempt), [("addFailure", (self.failure,), {})])
        self.assertEqual(self.hearing.told, [(["failure", "error"], "of 2")])

    def test_a_skip_is_no_success(self):
        attempt = self.attempt(retries=1)
        attempt.holds("addFailure", (self.failure,), {})
        self.later = [("addSkip", "not here")]
        self.assertEqual(self.ended(attempt)[0][0], "addFailure")

    def test_a_test_that_fails_as_expected_on_a_retry_is_told_so(self):
        attempt, expected = self.attempt(), raised(OSError("expected"))
        attempt.holds("addUnexpectedSuccess", (), {})
        self.later = [("addExpectedFailure", expected)]
        self.assertEqual(self.ended(attempt), [("addExpectedFailure", (expected,), {})])

    def test_a_success_is_told_once(self):
        attempt = self.attempt()
        attempt.has_passed = True  # and then it has left something behind
        attempt.holds("addError", (self.failure,), {})
        self.later = [("addSuccess",)]
        self.assertEqual(self.ended(attempt), [])

    def test_what_ends_a_retry_does_not_take_the_failure_away(self):
        attempt = self.attempt()
        attempt.holds("addFailure", (self.failure,), {})
        self.later = [("unknown",)]
        with self.assertRaises(AttributeError):
            attempt.end(self.result)
        self.assertEqual(attempt.events, [("addFailure", (self.failure,), {})])

    def test_subtests_that_pass_are_no_reason_for_a_retry(self):
        attempt = self.attempt()
        attempt.holds("addSubTest", (self.test, None), {})
        self.assertEqual(self.ended(attempt), [("addSubTest", (self.test, None), {})])

    def test_the_violations_of_a_flaky_test_are_its_attempts(self):
        for retry, left in ((("addSuccess",), []), (("addError", self.failure), ["violation"])):
            attempt = self.attempt(retries=1)
            attempt.violations = ["violation"]
            attempt._first = lambda _: AttemptResult(self.test)
            attempt.holds("addError", (self.failure,), {})
            self.later = [retry]
            self.ended(attempt)
            self.assertEqual(attempt.violations, left)


class RefusalTest(AttemptCase):
    def assert_not_retried(self, attempt, event=None):
        attempt.holds(*(event or ("addFailure", (self.failure,), {})))
        self.assertEqual(len(self.ended(attempt)), 1)
        self.assertEqual(self.hearing.told, [])

    def test_a_run_that_is_over_retries_nothing(self):
        self.result.shouldStop = True
        self.assert_not_retried(self.attempt())
        self.result.shouldStop, self.result.ended_early = False, "os._exit(0)"
        self.assert_not_retried(self.attempt())

    def test_nothing_is_retried_while_ctrl_c_ends_the_run(self):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            self.assert_not_retried(self.attempt())

    def test_a_forked_copy_of_the_run_retries_nothing(self):
        attempt = self.attempt()
        attempt._pid = 1
        self.assert_not_retried(attempt)

    def test_an_error_inside_hermetic_is_not_retried(self):
        error = raised(GuardError("[H009] it is broken"))
        self.assert_not_retried(self.attempt(), ("addError", (error,), {}))


class OtherRunnersTest(AttemptCase):
    def setUp(self):
        super().setUp()
        self.result = Result()
        self.later = [("addSuccess",)]

    def end(self, action):
        attempt = self.attempt(retries=1)
        attempt.holds("addFailure", (self.failure,), {})
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter(action, HermeticWarning)
            events = self.ended(attempt)
        return [event for event, *_ in events], [str(warning.message) for warning in shown]

    def test_a_flaky_test_is_a_warning(self):
        name = f"{__name__}.Case.test_it"
        expected = ["addSuccess"], [f"flaky: {name} passed in attempt 2, after it had failed: first"]
        self.assertEqual(self.end("always"), expected)

    def test_without_a_message_the_warning_names_the_outcome(self):
        attempt = self.attempt(retries=1)
        attempt.holds("addUnexpectedSuccess", (), {})
        with self.assertWarnsRegex(HermeticWarning, "after it had failed: unexpected success$"):
            self.ended(attempt)

    def test_a_test_that_could_not_be_retried_is_a_warning_too(self):
        self.later = [("addError", self.failure)]
        expected = ["addFailure"], [f"{__name__}.Case.test_it was not retried: of 2"]
        self.assertEqual(self.end("always"), expected)

    def test_it_fails_where_warnings_are_errors(self):
        self.assertEqual(self.end("error"), (["addFailure"], []))


class AttemptResultTest(AttemptCase):
    def test_it_records_what_a_result_is_told(self):
        found = AttemptResult(self.test)
        subtest = unittest.case._SubTest(self.test, "message", {"i": 1})
        found.addSubTest(self.test, subtest, self.failure)
        found.addSubTest(self.test, subtest, None)
        found.addSkip(subtest, "not here")
        entries = [(entry.outcome, entry.subtest, entry.message) for entry in found.record.entries]
        self.assertEqual(entries, [("failure", "[message] (i=1)", "first"), ("skip", "[message] (i=1)", "not here")])
        self.assertIn("AssertionError: first", found.record.entries[0].text)
        self.assertEqual((found.record.outcome, found.record.subtests), ("failure", 3))

    def test_errors_of_other_frameworks_are_failures_too(self):
        for arguments in ({"details": {}}, {"err": type("Failure", (), {"value": OSError("sent")})()}):
            found = AttemptResult(self.test)
            found.addError(self.test, **arguments)
            self.assertEqual(found.record.outcome, "error")

    def test_a_test_whose_subtests_were_skipped_has_not_passed(self):
        found = AttemptResult(self.test)
        found.addSkip(unittest.case._SubTest(self.test, "message", {}), "not here")
        found.stopTest(self.test)
        self.assertEqual(found.record.outcome, "skip")
