"""Results that know of violations: the one place where a recorded violation becomes an error of its test.

    GuardedResult   the logic, over any result class: TestResult is it over unittest's TextTestResult
    ResultProxy     the same logic over somebody else's result object, for one test

A test that swallowed a violation, skipped after it, or failed as expected because of it, is reported once: as an
error. What already shows in a reported exception is not reported again.
"""

from __future__ import annotations

import math
import unittest

from .._base import real
from .._patches import installation
from .._rules import policies
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import reported_exceptions, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.errors import GuardError, ViolationError

__unittest = True


def exc_info(error: BaseException) -> tuple[type[BaseException], BaseException, Any]:
    """An exception in the form that ``addError`` takes; runners rely on its traceback."""
    if error.__traceback__ is None:  # assertRaises has taken it off, or it was raised in a child
        try:
            raise error
        except type(error):
            pass
    return type(error), error, error.__traceback__


class GuardedResult:
    """Mixin that puts each test into its scope, from startTest to stopTest, and reports what the test did not.

    It stands before a result class in the bases. Arguments are passed on as they come: testtools and trial hand
    their results other things than unittest does.
    """

    _scope: scopes.Scope | None = None
    _begin = staticmethod(scopes.begin)

    def startTest(self, test: Any) -> None:
        super().startTest(test)  # type: ignore[misc]
        if installation.installed.is_complete:
            self._enter(test)

    def stopTest(self, test: Any) -> None:
        if self._scope is not None:
            self._leave(test, self._scope)
        if scopes.running.faults:
            self._report_faults(test)
        super().stopTest(test)  # type: ignore[misc]

    def _enter(self, test: Any) -> None:
        if scopes.running.late or scopes.running.faults:
            self.report_late()
        scope = self._scope = scopes.Scope(test, policies.of_test(test))
        scope.time_limit = math.inf if _is_handed_over(test) else policies.time_limit(scope.policy)
        scope.started = real.perf_counter()
        self._begin(scope)
        if scopes.running.has_log:
            _announce(scope)

    def _leave(self, test: Any, scope: scopes.Scope) -> None:
        if scope.owner is not test:
            return  # 3.12.1 stops a skipped test that it has not started
        self._conclude(test)
        self._scope = None
        scopes.end(scope)

    def _conclude(self, test: Any) -> bool:
        """As ``_report``, once the cleanups have run: what the test has left running is ended first."""
        scope = self._scope
        left = scope is not None and scope.owner is test and scope.touched and self._end_leftovers(test, scope)
        return self._report(test) or left

    def _end_leftovers(self, test: Any, scope: scopes.Scope) -> bool:
        if scope.is_concluded:
            return False
        from . import leftovers  # loaded with the first process or thread

        scope.is_concluded = True
        error = leftovers.end(test, scope, self)
        if error is not None:
            super().addError(test, exc_info(error))  # type: ignore[misc]
        return error is not None

    def addSuccess(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self._report_overrun(test)
        if not self._conclude(test):
            super().addSuccess(test, *args, **kwargs)  # type: ignore[misc]

    def _report_overrun(self, test: Any) -> None:
        scope = self._scope
        if scope is not None and scope.owner is test and real.perf_counter() - scope.started > scope.time_limit:
            from . import time_limits  # loaded with the first test that takes too long

            time_limits.report_overrun(test, scope)

    def addError(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self._note(args, kwargs)
        super().addError(test, *args, **kwargs)  # type: ignore[misc]

    def addFailure(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self._note(args, kwargs)
        super().addFailure(test, *args, **kwargs)  # type: ignore[misc]

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self._note((err,), {})
        super().addSubTest(test, subtest, err)  # type: ignore[misc]

    def report_late(self) -> None:
        """Report what tests did after they had ended, each as an error of the test that caused it."""
        if not (installation.installed.is_complete or scopes.running.late or scopes.running.faults):
            return
        _collect()
        self._report_faults(self._scope.owner if self._scope is not None else None)
        for owner, error in scopes.take_late():
            reported_exceptions.trim(error)
            self._reported([error])
            test = owner if hasattr(owner, "id") else unittest_internals.error_holder(error.violation.test)
            super().addError(test, exc_info(error))  # type: ignore[misc]

    def _report(self, test: Any) -> bool:
        """Report what the test's scope has recorded and nobody has shown; True if there was anything."""
        scope = self._scope
        if scope is None or scope.owner is not test:
            return self._report_faults(test)
        if scope.has_children:
            _end_if_forked(scope)
            _collect()
        failed = self._report_faults(test)
        if not scope.ledger:
            return failed
        error = _merged(scope.ledger)
        scope.is_reported = True
        self._reported(scope.ledger)
        scope.ledger.clear()
        super().addError(test, exc_info(error))  # type: ignore[misc]
        return True

    def _report_faults(self, test: Any) -> bool:
        """Report errors inside hermetic as errors of the test that runs; True if there were any."""
        found = _take_faults() if scopes.running.faults else []
        for fault in found:
            super().addError(test or unittest_internals.error_holder("the test run"), exc_info(fault))  # type: ignore[misc]
        return bool(found)

    def _reported(self, errors: list[ViolationError]) -> None:
        """Hook: these violations are in the report now."""

    def _note(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Strike out what an exception that is being reported shows already."""
        if self._scope is None and not installation.installed.is_complete:
            return
        reported = args[0] if args else kwargs.get("err")
        # unittest passes exc_info; trial a Failure, which holds the exception in `value`; testtools text in `details`.
        exception = reported[1] if isinstance(reported, tuple) else getattr(reported, "value", None)
        reported_exceptions.trim_all(exception)
        reported_exceptions.strike_refusals(exception)
        if scopes.running.faults:
            _strike_faults(exception)
        if self._scope is not None:
            if self._scope.has_children:
                _end_if_forked(self._scope)
                _collect()  # what a child has raised may be what is being reported
            if exception is None and "details" in kwargs:
                _surfaced_in_details(self._scope.ledger, kwargs["details"])
            self._reported(reported_exceptions.surfaced(self._scope.ledger, exception))
        else:
            self._reported(reported_exceptions.surfaced([], exception))


def _unless_reported(name: str) -> Any:
    """A verdict that is passed on unless the test has violations to answer for: then it is an error instead."""

    def add(self: Any, test: Any, *args: Any, **kwargs: Any) -> None:
        report = self._report if name == "addSkip" else self._conclude  # cleanups of what is skipped have yet to run
        if not report(test):
            getattr(super(GuardedResult, self), name)(test, *args, **kwargs)

    add.__name__ = name
    return add


for _name in ("addSkip", "addExpectedFailure", "addUnexpectedSuccess"):
    setattr(GuardedResult, _name, _unless_reported(_name))


def _is_handed_over(test: Any) -> bool:
    if not current_run.hands_tests_over():
        return False
    from .._rules import groups  # loaded with the first isolated test

    return groups.is_handed_over(test)


def _end_if_forked(scope: scopes.Scope) -> None:
    from .._guards import ceilings  # loaded with the guard, not with every run

    ceilings.end_if_forked(scope)


def _announce(scope: scopes.Scope) -> None:
    from .._verdicts import log_reading  # loaded with the first process

    log_reading.announce(scope)


def _collect() -> None:
    from .._verdicts import log_reading  # loaded with the guard, not with every run

    log_reading.collect_entries()


def _take_faults() -> list[GuardError]:
    from .._verdicts import faults  # loaded with the guard, not with every run

    return faults.take()


def _strike_faults(exception: BaseException | None) -> None:
    from .._verdicts import faults  # loaded with the guard, not with every run

    faults.strike(exception)


def _merged(ledger: list[ViolationError]) -> ViolationError:
    from .._verdicts import blocks  # loaded with the guard, not with every run

    return blocks.merged(ledger)


def _surfaced_in_details(ledger: list[ViolationError], details: Any) -> None:
    """Testtools has turned the exception into text by then: look for the first line of the message in it."""
    text = "".join("".join(content.iter_text()) for content in details.values() if hasattr(content, "iter_text"))
    ledger[:] = [error for error in ledger if str(error).partition("\n")[0] not in text]


def report_outside(result: Any, subject: Any, error: BaseException) -> None:
    """Report what was raised outside of tests, as unittest reports it: as a skip or as an error.

    Args:
        result: of any runner.
        subject: what stands for the fixture, or for whatever else raised it.
        error: what was raised.
    """
    if isinstance(error, unittest.SkipTest) and hasattr(result, "addSkip"):
        result.addSkip(subject, str(error))
    else:
        result.addError(subject, exc_info(error))


class _Forward:
    """Hands everything on to another object."""

    def __init__(self, result: Any) -> None:
        object.__setattr__(self, "_result", result)

    def __getattr__(self, name: str) -> Any:
        # Not self._result: a copy that is being unpickled has none yet, and would ask here for ever.
        return getattr(object.__getattribute__(self, "_result"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_scope":
            object.__setattr__(self, name, value)
        else:
            setattr(self._result, name, value)


def _forwarded(name: str) -> Any:
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        with scopes.unjudged():  # a result that posts what it is told to a server is no part of the test
            return getattr(self._result, name)(*args, **kwargs)

    forward.__name__ = name
    return forward


for _name in [name for name in vars(GuardedResult) if name.startswith(("add", "start", "stop"))]:
    setattr(_Forward, _name, _forwarded(_name))


class ResultProxy(GuardedResult, _Forward):
    """Somebody else's result, made to know of violations for the time of one test."""

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is None or shows_subtests(self._result):
            super().addSubTest(test, subtest, err)
        elif issubclass(err[0], test.failureException):
            self.addFailure(test, err)
        else:
            self.addError(test, err)


def shows_subtests(result: Any) -> bool:
    """Whether a result shows what it is told of subtests.

    One that has an ``addError`` of its own, and ``addSubTest`` as ``unittest.TestResult`` has it, may keep the errors
    of subtests to itself: a worker of trial's sends home those of tests alone.
    """
    cls = type(result)
    if isinstance(result, unittest.TextTestResult) or not isinstance(result, unittest.TestResult):
        return hasattr(result, "addSubTest")
    is_inherited = cls.addSubTest is unittest.TestResult.addSubTest
    return not is_inherited or cls.addError is unittest.TestResult.addError


class _Lacking:
    """Makes an object seem to lack a method."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError


def lacking_methods(result: Any) -> dict[str, Any]:
    """The methods that a result may lack, and does: unittest asks for them with hasattr."""
    optional = ("addSubTest", "addSkip", "addExpectedFailure", "addUnexpectedSuccess")
    return {name: _Lacking() for name in optional if not hasattr(result, name)}


def proxy_of(result: Any) -> ResultProxy:
    """A proxy that has the methods that a result has, and no others."""
    lacking = lacking_methods(result)
    cls = type("ResultProxy", (ResultProxy,), lacking) if lacking else ResultProxy
    proxy: ResultProxy = cls(result)
    return proxy
