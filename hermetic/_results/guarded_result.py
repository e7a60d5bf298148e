"""Makes a recorded violation an error of its test, in results of any class.

A test that swallowed a violation, was skipped after it, or failed as expected because of it, is reported once, as an
error. A violation that a reported exception shows is not reported again.
"""

from __future__ import annotations

import sys

from .._base import real
from .._base.sizes import NO_LIMIT
from .._patches import installation
from .._rules import marking, policies
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import findings, reported_exceptions, scopes
from .listeners import NO_LISTENERS, Listeners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import Any

    from .._base.errors import DecorationError, ViolationError
    from .listeners import Listener

__unittest = True

running = scopes.running  # looked up once, and not for every test


def exc_info(error: BaseException) -> tuple[type[BaseException], BaseException, Any]:
    """An exception in the form that ``addError`` takes; runners rely on its traceback."""
    if error.__traceback__ is None:  # assertRaises has taken it off, or it was raised in a child
        try:
            raise error
        except type(error):
            pass
    return type(error), error, error.__traceback__


def guarding() -> ModuleType:
    """Load what results need for tests with a size."""
    from . import guarding  # saves 6 ms in runs without a size

    return guarding


class GuardedResult:
    """Mixin that puts each test into its scope, from startTest to stopTest, and reports what the test did not.

    It stands before a result class in the bases. Arguments are passed on as they come: testtools and trial hand
    their results other things than unittest does.

    Attributes:
        hermetic_listeners: are told each event that the result has shown.
        begin_attempt: begins the first attempt of a test that may be retried; None if no test may be.
        thread: the thread whose tests the result takes in; those of others take turns. None for any thread.
    """

    current_test: Any = None
    hermetic_listeners: Listeners = NO_LISTENERS
    _hear_start: tuple[Callable[..., Any], ...] = ()  # as in the listeners, at hand for speed
    _hear_timing = _hear_stop = _hear_success = _hear_start
    _is_plain = False  # whether unittest's TextTestResult is all that stands below
    _scope: scopes.Scope | None = None
    # The tests that may take the scope over, one after another: of this class, with these marks on their methods.
    _scope_class: type | None = None
    _scope_marks: Any = ()
    _wrong_marks: DecorationError | None = None  # those of the test that runs
    _began = 0.0
    _timing: tuple[Any, float, float] | None = None  # of a test that a worker has run
    begin_attempt: Callable[[Any], Any] | None = None
    thread: int | None = None
    _attempt: Any = None  # the ``Attempt`` of the current test, if it may be retried; its class is in a higher room

    def add_listener(self, listener: Listener) -> None:
        """Have one more listener hear the events of the run from now on."""
        if self.hermetic_listeners is NO_LISTENERS:
            self.hermetic_listeners = Listeners()
        listeners = self.hermetic_listeners
        listeners.add(listener)
        self._hear_start, self._hear_timing = listeners["startTest"], listeners["addTiming"]
        self._hear_stop, self._hear_success = listeners["stopTest"], listeners["addSuccess"]

    # What every test calls is written for speed: it is most of what a test costs.

    def startTest(self, test: Any) -> None:
        self.__dict__["current_test"] = test  # without the `__setattr__` of proxies
        if self._is_plain and not (self.buffer or self.showAll):  # type: ignore[attr-defined]
            self.testsRun += 1  # type: ignore[attr-defined]  # what unittest does then, without four calls
        else:
            super().startTest(test)  # type: ignore[misc]
        for hear in self._hear_start:
            hear(test)
        if installation.installed.is_complete or running.has_log:
            scope = self._scope
            changes = running.late or running.faults or running.by_thread or running.has_log
            if scope is None or changes or type(test) is not self._scope_class or not self._fits(test):
                self._enter(test)
            else:
                scope.owner = test
                scope.started = real.perf_counter()
                running.process = scope
                if self._hear_timing:
                    self._began = scope.started
        elif self._hear_timing:
            self._began = real.perf_counter()
        if self.begin_attempt is not None and self.thread in (None, real.get_thread_id()):
            self._attempt = self.begin_attempt(test)

    def stopTest(self, test: Any) -> None:
        if self._hear_timing:
            self._tell_timing(test)
        scope = self._scope
        if scope is not None and scope.owner is test:
            if scope.touched or running.by_thread or running.faults:
                self._leave(test, scope)
            else:  # nobody else holds the scope, and nothing came of it: it is kept for the next test
                scope.owner = None
                running.process = scope.before[1]
        if running.faults:
            self._report_faults(test)
        if self._attempt is not None:
            self._end_attempt(test)
        for hear in self._hear_stop:
            hear(test)
        if not self._is_plain or self.buffer:  # type: ignore[attr-defined]
            super().stopTest(test)  # type: ignore[misc]
        self.__dict__["current_test"] = None

    def _end_attempt(self, test: Any) -> None:
        """Retry a failed test if possible, and show the events that the attempt has kept back."""
        attempt = self._attempt
        if attempt is not None:
            self._attempt = None
            try:
                attempt.end(self)
            finally:  # Ctrl-C during a retry does not lose the failure
                self._tell_violations(test, attempt.violations)
                show = self._show_flaky if attempt.is_flaky else self._show
                for event, args, kwargs in attempt.events:
                    show(event, test, *args, **kwargs)

    def addSuccess(self, test: Any, details: Any = None) -> None:
        scope = self._scope
        if scope is not None:
            if real.perf_counter() - scope.started > scope.time_limit:
                self._report_overrun(test)
            if (scope.touched or running.faults) and self._conclude(test):
                return
        elif running.faults and self._report_faults(test):
            return
        if self._attempt is not None:
            self._attempt.has_passed = True
        if details is None:
            super().addSuccess(test)  # type: ignore[misc]
        else:  # of testtools
            super().addSuccess(test, details=details)  # type: ignore[misc]
        for hear in self._hear_success:
            hear(test)

    def _tell_timing(self, test: Any) -> None:
        if self.current_test is not test:
            return  # 3.12.1 stops skipped tests that have not started
        began, seconds = self._began, real.perf_counter() - self._began
        if self._timing is not None and self._timing[0] is test:
            _, began, seconds = self._timing
        elif sys.exc_info()[0] is KeyboardInterrupt:
            return
        for hear in self._hear_timing:
            hear(test, began, seconds)

    def _show(self, event: str, test: Any, *args: Any, **kwargs: Any) -> None:
        """Pass an event on to the base class and the listeners; an attempt keeps failures back until it has ended."""
        if self._attempt is not None and test is self.current_test and self._attempt.holds(event, args, kwargs):
            return
        getattr(super(), event)(test, *args, **kwargs)
        for hear in self.hermetic_listeners[event]:
            hear(test, *args, **kwargs)

    def _show_flaky(self, event: str, test: Any, *args: Any, **kwargs: Any) -> None:
        with unittest_internals.success_written_as("flaky", self, test):
            self._show(event, test, *args, **kwargs)

    def begin_scope(self, test: Any) -> None:
        """Begin the scope of a test that had none, because nothing was guarded when it started."""
        if self._scope is None:
            self._enter(test)

    def _enter(self, test: Any) -> None:
        if running.late or running.faults:
            self.report_late()
        policy, self._wrong_marks = policies.of_started(test)
        self._scope = scope = scopes.Scope(test, policy)
        is_handed_over = current_run.hands_tests_over() and guarding().groups.is_handed_over(test)
        scope.time_limit = NO_LIMIT if is_handed_over else policies.time_limit(scope.policy)
        scope.started = self._began = real.perf_counter()
        scopes.begin_scope_alone(scope)
        if running.has_log:
            guarding().violation_log.announce_test(scope)
        marks = self._scope_marks = marking.marks_of_method(test)
        is_followed = type(marks) is tuple and not (marks and current_run.hands_tests_over())
        self._scope_class = type(test) if is_followed and self._wrong_marks is None else None
        scope.touched |= self._wrong_marks is not None

    def _fits(self, test: Any) -> bool:
        """Whether a test of the scope's class may take the scope over: it has the same marks on its method."""
        return not current_run.functions_are_marked or marking.marks_of_method(test) is self._scope_marks

    def _leave(self, test: Any, scope: scopes.Scope) -> None:
        self._conclude(test)
        self._scope = None
        scopes.end_scope(scope)
        scopes.make_late(scope)

    def _conclude(self, test: Any) -> bool:
        """Report as ``_report`` does, once the cleanups have run; what the test has left running is ended first."""
        scope = self._scope
        left = scope is not None and scope.owner is test and scope.touched and self._end_leftovers(test, scope)
        return self._report(test) or left

    def _end_leftovers(self, test: Any, scope: scopes.Scope) -> bool:
        if scope.is_concluded:
            return False
        scope.is_concluded = True
        error = guarding().leftovers.end(test, scope, self)
        if error is not None:
            self._show("addError", test, exc_info(error))
        return error is not None

    def _report_overrun(self, test: Any) -> None:
        scope = self._scope
        if scope is not None and scope.owner is test and real.perf_counter() - scope.started > scope.time_limit:
            guarding().time_limits.report_overrun(test, scope)

    def addError(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self._note(test, args, kwargs)
        self._show("addError", test, *args, **kwargs)

    def addFailure(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self._note(test, args, kwargs)
        self._show("addFailure", test, *args, **kwargs)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self._note(test, (err,), {})
        self._show("addSubTest", test, subtest, err)

    def report_late(self) -> None:
        """Report what tests did after they had ended, each as an error of the test that caused it."""
        if running.log is None and not (running.late or running.faults):
            return
        guarding().violation_log.collect_entries()
        self._report_faults(self._scope.owner if self._scope is not None else None)
        for owner, error in scopes.take_late():
            reported_exceptions.trim(error)
            test = owner if hasattr(owner, "id") else unittest_internals.error_holder(error.violation.test)
            self._tell_violations(test, [error])
            self._show("addError", test, exc_info(error))

    def _report(self, test: Any) -> bool:
        """Report what the test's scope has recorded and nobody has shown; True if there was anything."""
        scope = self._scope
        if scope is None or scope.owner is not test:
            return self._report_faults(test)
        if scope.has_children:
            guarding().ceilings.collect_from(scope)
        failed = self._report_faults(test)
        if self._wrong_marks is not None:
            self._show("addError", test, exc_info(self._wrong_marks))
            self._wrong_marks, failed = None, True
        violations = findings.take_all(scope.ledger)
        if not violations:
            return failed
        error = guarding().several_violations.merged(violations)
        scope.is_reported = True
        self._tell_violations(test, violations)
        self._show("addError", test, exc_info(error))
        return True

    def _report_faults(self, test: Any) -> bool:
        """Report errors inside hermetic as errors of the test that runs; True if there were any."""
        found = guarding().faults.take() if running.faults else []
        for fault in found:
            self._show("addError", test or unittest_internals.error_holder("the test run"), exc_info(fault))
        return bool(found)

    def _tell_violations(self, test: Any, errors: Sequence[ViolationError]) -> None:
        if not errors:
            return
        if self._attempt is not None and test is self.current_test:
            self._attempt.violations += errors
        else:
            self.hermetic_listeners.tell("addViolations", test, errors)

    def _note(self, test: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Strike out of the test's ledger what an exception that is being reported shows."""
        if self._scope is None and not installation.installed.is_complete:
            return
        reported = args[0] if args else kwargs.get("err")
        # unittest passes exc_info; trial a Failure, which holds the exception in `value`; testtools text in `details`.
        exception = reported[1] if isinstance(reported, tuple) else getattr(reported, "value", None)
        reported_exceptions.trim_all(exception)
        reported_exceptions.strike_refusals(exception)
        if running.faults:
            guarding().faults.strike(exception)
        if self._scope is not None:
            if self._scope.has_children:
                guarding().ceilings.collect_from(self._scope)  # what a child has raised may be what is being reported
            if exception is None and "details" in kwargs:
                _surfaced_in_details(self._scope.ledger, kwargs["details"])
        ledger = [] if self._scope is None else self._scope.ledger
        self._tell_violations(test, reported_exceptions.surfaced(ledger, exception))


def _unless_reported(name: str) -> Any:
    """Make a method that shows a verdict unless the test has violations to answer for, which are an error instead."""

    def add(self: Any, test: Any, *args: Any, **kwargs: Any) -> None:
        report = self._report if name == "addSkip" else self._conclude  # cleanups of what is skipped have yet to run
        if not report(test):
            self._show(name, test, *args, **kwargs)

    add.__name__ = name
    return add


for _name in ("addSkip", "addExpectedFailure", "addUnexpectedSuccess"):
    setattr(GuardedResult, _name, _unless_reported(_name))


def _surfaced_in_details(ledger: list[ViolationError], details: Any) -> None:
    """Testtools has turned the exception into text by then: look for the first line of the message in it."""
    text = "".join("".join(content.iter_text()) for content in details.values() if hasattr(content, "iter_text"))
    findings.take_where(ledger, lambda error: str(error).partition("\n")[0] in text)


class _Lacking:
    """Makes an object seem to lack a method."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError


def lacking_methods(result: Any) -> dict[str, Any]:
    """The methods that a result may lack, and does: unittest asks for them with hasattr."""
    optional = ("addSubTest", "addSkip", "addExpectedFailure", "addUnexpectedSuccess")
    return {name: _Lacking() for name in optional if not hasattr(result, name)}
