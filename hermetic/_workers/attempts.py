"""Attempts of tests that may be retried: the first one's failures are kept back until the retries have ended.

    startTest      the result begins an attempt
    addFailure     the attempt keeps it back, as every verdict that would make the test fail
    stopTest       the test is run again, until it passes or its retries are used up; then the result shows the verdict:
                   that of the first attempt, or a success

So a runner sees one verdict for each test, and ``failfast`` and ``maxfail`` count tests that are not flaky.
"""

from __future__ import annotations

import sys
import unittest
import warnings

from .._base import real
from .._base.errors import GuardError, HermeticWarning
from .._reports.test_records import Entry, TestRecord
from .._results import isolation_errors
from .._results.record_entries import error_entry, skip_entry, split
from .._settings.current_run import current_run
from .._verdicts import reported_exceptions
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.errors import ViolationError

    Event = tuple[str, tuple[Any, ...], dict[str, Any]]  # the name of a result's method, and its arguments but the test

__unittest = True

_HELD = ("addError", "addFailure", "addSubTest", "addUnexpectedSuccess")


class AttemptResult(unittest.TestResult):
    """Makes the record of an attempt.

    Args:
        like: a result whose ``buffer`` and ``tb_locals`` apply.

    Attributes:
        record: the record; it has started by ``perf_counter``.
        expected: what an expected failure has raised, in the form of ``addError``.
    """

    def __init__(self, test: Any, like: Any = None) -> None:
        super().__init__()
        self.buffer, self.tb_locals = bool(getattr(like, "buffer", False)), bool(getattr(like, "tb_locals", False))
        self.record = TestRecord(owner_name(test), started=real.perf_counter(), worker="")
        self.record.file, _, self.record.line = isolation_errors.place_of(test)
        self.expected: Any = None

    def startTest(self, test: Any) -> None:
        """Do nothing: the output of the test goes elsewhere."""

    def stopTest(self, test: Any) -> None:
        self.record.conclude()

    def note_timing(self, test: Any, started: float, seconds: float) -> None:
        """Note when the attempt has started, and how long it took."""
        self.record.started, self.record.duration = started, seconds

    def note_phases(self, seconds: dict[str, float]) -> None:
        """Note how long each phase has taken."""
        self.record.phases = seconds

    def addSuccess(self, test: Any) -> None:
        self.record.passed = True

    def addError(self, test: Any, err: Any = None, details: Any = None) -> None:
        self._add("error", super().addError, test, test, err)

    def addFailure(self, test: Any, err: Any = None, details: Any = None) -> None:
        self._add("failure", super().addFailure, test, test, err)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self.expected = err
        self._add("expected_failure", super().addExpectedFailure, test, test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        self.record.noted("entries").append(Entry("unexpected_success"))

    def addSkip(self, test: Any, reason: str) -> None:
        _, subtest = split(test)
        self.record.subtests += bool(subtest)
        self.record.noted("entries").append(skip_entry(subtest, reason))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self.record.subtests += 1
        if err is not None:
            is_failure = issubclass(err[0], test.failureException)
            add = super().addFailure if is_failure else super().addError
            self._add("failure" if is_failure else "error", add, test, subtest, err)

    def _add(self, outcome: str, add: Callable[[Any, Any], None], test: Any, subtest: Any, err: Any) -> None:
        error = err[1] if isinstance(err, tuple) else getattr(err, "value", None)  # a Failure of trial's
        if error is None:  # of testtools, which has a text only
            self.record.noted("entries").append(Entry(outcome))
            return
        info = type(error), error, error.__traceback__
        add(test, info)
        self.record.noted("entries").append(error_entry(outcome, info, subtest, self))
        found = [error.violation for error in reported_exceptions.surfaced([], error)]
        self.record.noted("violations").extend(found)


class Attempt:
    """The first attempt of a test, and what follows if it fails.

    Args:
        retries: the maximum number of retries.
        run_again: makes the n-th attempt, from 2, and reports it to a result.
        diagnose: returns why the attempts may differ, from their records.

    Attributes:
        events: the events that the result has to show at the end: those that were kept back, unless the test is flaky.
        violations: the violations in the events that were kept back.
        has_passed: whether the test has reported a success or an expected failure.
        is_flaky: whether a retry has passed, and the events say so.
    """

    def __init__(
        self,
        test: Any,
        retries: int,
        run_again: Callable[[int, AttemptResult], None],
        diagnose: Callable[[list[TestRecord]], str],
    ) -> None:
        self._test = test
        self._retries = retries
        self._run_again = run_again
        self._diagnose = diagnose
        self._pid = real.get_pid()
        self._started = real.perf_counter()
        self.events: list[Event] = []
        self.violations: list[ViolationError] = []
        self.has_passed = False
        self.is_flaky = False

    def holds(self, event: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Keep back an event that may make the test fail; return False for any other."""
        if event not in _HELD:
            self.has_passed = self.has_passed or event == "addExpectedFailure"
            return False
        self.events.append((event, args, kwargs))
        return True

    def end(self, result: Any) -> None:
        """Run the test again if it has failed."""
        if not self._is_to_be_retried(result):
            return
        listeners = result.hermetic_listeners
        listeners.tell("startReporting")  # no time of the test
        try:
            first = self._first(result)
            attempts, last = [first.record], first
            while len(attempts) <= self._retries and not last.record.is_success:
                last = AttemptResult(self._test)
                self._run_again(len(attempts) + 1, last)
                attempts.append(last.record)
            diagnosis = self._diagnose(attempts)
        finally:
            listeners.tell("stopReporting")
        listeners.tell("addRetries", self._test, attempts, diagnosis)
        is_heard = bool(listeners["addRetries"]) or self._warn(attempts, diagnosis)
        self.is_flaky = last.record.is_success and is_heard
        if self.is_flaky:
            self.violations.clear()
            success: Event = ("addSuccess", (), {})
            expected: Event = ("addExpectedFailure", (last.expected,), {})
            self.events = [] if self.has_passed else [success if last.expected is None else expected]

    def _is_to_be_retried(self, result: Any) -> bool:
        """Whether the test has failed, unless the run is ending or an error inside hermetic made it fail."""
        if not any(event != "addSubTest" or args[1] is not None for event, args, _ in self.events):
            return False
        is_over = getattr(result, "ended_early", None) is not None or getattr(result, "shouldStop", False)
        if is_over or sys.exc_info()[0] is KeyboardInterrupt or real.get_pid() != self._pid:
            return False
        errors = [arg[1] for _, args, _ in self.events for arg in args if isinstance(arg, tuple)]
        return not any(isinstance(error, GuardError) for error in errors)

    def _warn(self, attempts: list[TestRecord], diagnosis: str) -> bool:
        """Warn under another runner, which knows no flaky tests; return whether the test may pass with a warning."""
        first, is_flaky = attempts[0], attempts[-1].is_success
        if current_run.settings.flaky == "error" if is_flaky else not diagnosis:
            return False
        messages = [entry.message.partition("\n")[0] for entry in first.entries]
        message = next(filter(None, messages), first.outcome.replace("_", " "))
        text = f"flaky: {first.id} passed in attempt {len(attempts)}, after it had failed: {message}"
        text = text if is_flaky else f"{first.id} was not retried: {diagnosis}"
        try:
            warnings.warn_explicit(text, HermeticWarning, first.file, first.line, type(self._test).__module__)
        except HermeticWarning:  # the filters turn warnings into errors
            return False
        return True

    def _first(self, result: Any) -> AttemptResult:
        """Record the first attempt."""
        found = AttemptResult(self._test, like=result)
        found.note_timing(self._test, self._started, real.perf_counter() - self._started)
        for event, args, kwargs in self.events:
            getattr(found, event)(self._test, *args, **kwargs)
        found.record.violations = [error.violation for error in self.violations]
        return found
