"""Judges the items of pytest: each runs in a scope, and a violation is an error of its report, whatever hid it."""

from __future__ import annotations

import contextlib
import functools
import importlib
import unittest

from .._base import real
from .._patches import installation
from .._results import leftovers, time_limits
from .._results.guarded_result import exc_info
from .._rules import policies, timeouts
from .._settings.current_run import current_run
from .._verdicts import faults, findings, reported_exceptions, scopes, violation_data
from .._verdicts.several_violations import merged
from .item_rules import ItemOwner, policy_of_node, rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from .._base.errors import ViolationError
    from .._rules.timeouts import Timeout

pytest: Any = importlib.import_module("pytest")


class Findings:
    """What was found of an item when a phase of it is reported.

    Attributes:
        violations: all violations, for the summary.
        errors: those errors that the phase's own exception does not show.
        leaks: what the item changed and left behind, each for people.
    """

    def __init__(self) -> None:
        self.violations: list[ViolationError] = []
        self.errors: list[BaseException] = []
        self.leaks: list[str] = []

    def note_leaks(self, _: Any, what: str, changes: list[str]) -> None:
        """Note a leak, for whoever reports it."""
        self.leaks.append(f"{what}: {'; '.join(changes)}")

    def add_ledger(self, ledger: list[ViolationError]) -> None:
        """Add unreported violations as one error, and drop them from their ledger."""
        violations = findings.take_all(ledger)
        if violations:
            self.errors.append(merged(violations))
            self.violations += violations

    def add_late(self) -> None:
        """Add what earlier items did after their end."""
        for _, error in scopes.take_late():
            reported_exceptions.trim(error)
            self.errors.append(error)
            self.violations.append(error)

    @property
    def is_error(self) -> bool:
        """Whether the phase is an error."""
        return bool(self.violations or self.errors)

    def shown_with(self, exception: BaseException | None) -> BaseException:
        """Return the exception to be shown: the first error, with the phase's own exception as its cause."""
        if not self.errors:
            assert exception is not None  # it shows the violations
            return exception
        first = self.errors[0]
        if exception is not None and not reported_exceptions.is_skip(exception) and first.__cause__ is None:
            first.__cause__ = exception
        return first

    def add_to(self, report: Any) -> None:
        """Add everything to a report: pytest-xdist sends its attributes to the controller."""
        warned = findings.take_all(scopes.running.warned)
        if self.is_error or self.leaks or warned:
            found = {
                "is_error": self.is_error,
                "violations": [violation_data.violation_fields(error.violation) for error in self.violations],
                "allowed": [violation_data.violation_fields(violation) for violation in warned],
                "leaks": self.leaks,
            }
            report.hermetic_findings = found


class ItemJudge:
    """The hooks that judge items and fixtures."""

    def __init__(self) -> None:
        self._scope: scopes.Scope | None = None  # of the item that runs

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_setup(self, item: Any) -> Generator[None, Any, Any]:
        """Report wrong marks as an error of their item, and limit the time of its fixtures."""
        rule = rule_of(item)
        if rule.error is not None:
            pytest.fail(str(rule.error), pytrace=False)
        return (yield from self._limited(item))

    # --- scopes ---

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, Any]:
        """Run an item in its scope."""
        policy = rule_of(item).policy
        if policy is None and _timeout_here(item) is None:
            return (yield)
        scope = self._scope = scopes.Scope(ItemOwner(item), policy)
        scope.time_limit = policies.time_limit(policy)
        scope.started = real.perf_counter()
        scopes.begin_scope(scope)
        if scopes.running.has_log:
            installation.parts().violation_log.announce_test(scope)
        try:
            return (yield)
        finally:
            self._scope = None
            scopes.end_scope(scope)
            scopes.make_late(scope)

    # --- time-outs ---

    def _limited(self, item: Any) -> Generator[None, Any, Any]:
        """Limit the time of a phase to what is left to the item."""
        timeout, scope = _timeout_here(item), self._scope
        if timeout is None or scope is None:
            return (yield)
        left = timeout.seconds - (real.perf_counter() - scope.started)
        with time_limits.watched(scope.owner, timeout, _Interrupted(scope), left=max(left, _LEAST_SECONDS)):
            return (yield)

    @pytest.hookimpl(wrapper=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_call(self, item: Any) -> Generator[None, Any, Any]:
        """Limit the time of the test."""
        return (yield from self._limited(item))

    @pytest.hookimpl(wrapper=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_teardown(self, item: Any) -> Generator[None, Any, Any]:
        """Limit the time of the teardown."""
        return (yield from self._limited(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, Any, Any]:
        """Run a fixture that is wider than an item by the marks of its class or module, or by the default size."""
        if fixturedef.scope == "function":
            return (yield)
        policy = policy_of_node(request.node)
        if policy is None and self._scope is None:
            return (yield)
        where = request.node.nodeid or "the session"
        wide = _WideFixture(f"fixture {fixturedef.argname} of {where}", policy)
        fixturedef.addfinalizer(wide.end)  # the first finalizer is the last to run
        began = real.perf_counter()
        try:
            with wide.running():
                result = yield
        finally:
            self._exclude(began)
        fixturedef.addfinalizer(wide.begin)
        return result

    def _exclude(self, began: float) -> None:
        """Keep a wide fixture out of what the item answers for: its time, and the processes that it keeps."""
        scope = self._scope
        if scope is not None:
            scope.started += real.perf_counter() - began
            if scope.children_before is not None:
                scope.children_before |= frozenset(current_run.living_children())

    # --- pytest's own work between the phases is nobody's ---

    def _unjudged(self) -> Generator[None, Any, Any]:
        with scopes.unjudged():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        """Let pytest show that an item begins."""
        return (yield from self._unjudged())

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        """Let pytest show and send reports."""
        return (yield from self._unjudged())

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_logfinish(self) -> Generator[None, Any, Any]:
        """Let pytest show that an item has ended."""
        return (yield from self._unjudged())

    # --- verdicts ---

    @pytest.hookimpl(wrapper=True)  # type: ignore[untyped-decorator]
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """Make what was found the error of a report."""
        with scopes.unjudged():
            exception = _exception_of(item, call)
            found = self._find(item, call, exception)
            if found.is_error:
                _show(item, call, found.shown_with(exception))
            report = yield
            if found.is_error:
                report.outcome = "failed"
                vars(report).pop("wasxfail", None)
                if found.errors:  # pytest may have described a skip, or an expected failure
                    report.longrepr = item.repr_failure(call.excinfo)
                report.sections += [("hermetic", f"{type(error).__name__}: {error}") for error in found.errors[1:]]
            found.add_to(report)
            return report

    def _find(self, item: Any, call: Any, exception: BaseException | None) -> Findings:
        found, scope = Findings(), self._scope
        reported_exceptions.strike_refusals(exception)
        if scope is not None:
            if call.when == "call" and exception is None:
                time_limits.report_overrun(scope.owner, scope)
            if scope.has_children:
                installation.parts().ceilings.collect_from(scope)
            if call.when == "teardown" and scope.touched:
                error = leftovers.end(scope.owner, scope, found)
                found.errors += [error] if error is not None else []
        found.violations += reported_exceptions.surfaced([] if scope is None else scope.ledger, exception)
        found.add_ledger([] if scope is None else scope.ledger)
        if scopes.running.faults:
            faults.strike(exception)
            found.errors += faults.take()
        if call.when == "teardown" and scopes.running.late:
            found.add_late()
        return found


_LEAST_SECONDS = 0.01  # of a phase that begins after the time of its item is over


class _Interrupted:
    """The result of an item, as the watchdog needs it: the scope of the item exists already."""

    def __init__(self, scope: scopes.Scope) -> None:
        self.current_test = scope.owner

    def begin_scope(self, _: Any) -> None:
        """Do nothing."""


def _timeout_here(item: Any) -> Timeout | None:
    """Return the time-out of an item that runs in this process; None for a TestCase, whose ``run`` has it."""
    timeout, cls = rule_of(item).timeout, getattr(item, "cls", None) or object
    if timeout is None or current_run.in_worker:
        return None
    is_case = issubclass(cls, unittest.TestCase)
    return None if is_case and timeouts.timeout_of_method(cls, item.originalname) is not None else timeout


class _WideFixture:
    """A fixture that several items share, in a scope of its own.

    Args:
        name: for messages.
        policy: its policy; None allows everything.
    """

    def __init__(self, name: str, policy: Any) -> None:
        self._new_scope: Callable[[], scopes.Scope] = functools.partial(scopes.Scope, name, policy)
        self._scope: scopes.Scope | None = None

    def begin(self) -> None:
        """Put the scope in force."""
        self._scope = self._new_scope()
        scopes.begin_scope(self._scope)

    @contextlib.contextmanager
    def running(self) -> Generator[None]:
        """Put the scope in force for the set-up of the fixture."""
        self.begin()
        try:
            yield
        except BaseException as error:
            self.end(error)
            raise
        self.end()

    def end(self, exception: BaseException | None = None) -> None:
        """End the scope, if it is in force.

        Raises:
            ViolationError: what was swallowed in it.
        """
        scope, self._scope = self._scope, None
        if scope is None:
            return
        if scope.has_children:
            installation.parts().violation_log.collect_entries()
        scopes.end_scope(scope)
        reported_exceptions.surfaced(scope.ledger, exception)
        if scope.ledger:
            raise merged(scope.ledger) from exception


def _exception_of(item: Any, call: Any) -> BaseException | None:
    """The exception that a report will show: of a TestCase, pytest keeps it on the item."""
    kept = getattr(item, "_excinfo", None)
    found = kept[0] if kept else call.excinfo
    return None if found is None else found.value


def _show(item: Any, call: Any, exception: BaseException) -> None:
    """Have the report show an exception, without hermetic's frames."""
    reported_exceptions.trim_all(exception)
    call.excinfo = pytest.ExceptionInfo.from_exc_info(exc_info(exception))
    if getattr(item, "_excinfo", None):
        item._excinfo[0] = call.excinfo  # noqa: SLF001 - pytest's own hook takes it from there
