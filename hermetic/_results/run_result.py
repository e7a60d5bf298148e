"""Defines the result of a whole run, which tells its listeners, and notes what ended the run early."""

from __future__ import annotations

import unittest

from .._base import real
from .._base.errors import traceback_text
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import findings, scopes
from .._verdicts.scopes import owner_name
from .guarded_result import GuardedResult, exc_info, guarding, lacking_methods
from .listeners import Listeners
from .summary import Summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .._base.records import Violation
    from .._reports.test_records import TestRecord
    from .._verdicts.known_violations import KnownViolations

__unittest = True

running = scopes.running  # looked up once, and not for every test
_NO_THREAD = 0  # the identifier of no thread


class RunResult(GuardedResult):
    """Mixin over any result class, for the result of a whole run.

    Attributes:
        ended_early: what ended the run before its last test; None if nothing did.
        interrupted: whether that was Ctrl-C.
        summary_stream: where the summary is written to.
        sum_up: called with the reason and an error, to sum the run up while a test is running; None before the run.
    """

    ended_early: str | None = None
    interrupted = False
    summary_stream: Any = None
    sum_up: Callable[[str, BaseException], None] | None = None
    _is_nested = False
    _turn = real.new_recursive_lock()  # held while tests of other threads are reported; they may end the run
    _waiting: list[list[tuple[str, tuple[Any, ...], dict[str, Any]]]]  # the reports of tests of other threads
    _undescribed: tuple[int, ...] = ()  # the tests that have failed to describe themselves, by id()
    _shown: dict[int, int] = {}  # noqa: RUF012 - replaced, never changed: how many entries of a list were shown, by its id()

    def begin_run(self, known: KnownViolations | None = None, seed_line: str | None = None) -> None:
        """Begin a run, with a summary as the only listener; arguments as of ``Summary``."""
        self._is_nested = current_run.in_run
        self.thread = real.get_thread_id()
        self._waiting = []
        self.hermetic_listeners = Listeners()
        self.add_listener(Summary(known, seed_line, is_nested=self._is_nested))

    def take_in(self, reports: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> None:
        """Take in a test of another thread, or put it off until the test that is running has ended.

        From now on, the tests of all threads take turns.

        Args:
            reports: the calls of methods of this result.
        """
        self._waiting.append(reports)
        self._report_waiting()

    def _report_waiting(self) -> None:
        with self._turn:
            while self._waiting and self.current_test is None:
                self._report_whole(self._waiting.pop(0))

    def _report_whole(self, reports: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> None:
        """Take in a test; what goes wrong in this result is an error of the run."""
        self.thread = real.get_thread_id()
        try:
            for name, args, kwargs in reports:
                getattr(self, name)(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the thread of the test may drop what is raised
            self._list_error(f"the report of {owner_name(args[0])}", error)
        finally:
            self.thread, self.current_test = _NO_THREAD, None

    def stopTestRun(self) -> None:
        self._report_waiting()
        self.report_late()
        self.report_allowed()
        getattr(super(), "stopTestRun", _nothing)()
        self.hermetic_listeners.tell("stopTestRun", self)

    def wasSuccessful(self) -> bool:
        self._report_waiting()
        is_amiss = self.ended_early is not None or bool(running.faults)
        is_amiss = is_amiss or not all(is_well() for is_well in self.hermetic_listeners["wasSuccessful"])
        return not is_amiss and bool(super().wasSuccessful())  # type: ignore[misc]

    def end_early(self, reason: str, error: BaseException | None = None, fixture: str = "") -> None:
        """Note what ended the run.

        Args:
            error: reported on the test that was running; None if nothing went wrong in a test.
            fixture: the fixture that was running instead of a test.
        """
        self.ended_early = reason
        if error is None:
            return
        subject = self.current_test or unittest_internals.error_holder(fixture or "the test run")
        try:
            self.addError(subject, exc_info(error))
        except BaseException:  # noqa: BLE001 - its stream or the test's own methods may be what ended the run
            self._list_error(owner_name(subject), error)

    def getDescription(self, test: Any) -> str:
        """Describe a test as unittest does; a test that cannot describe itself is an error, and the run goes on."""
        try:
            return str(super().getDescription(test))  # type: ignore[misc]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a SystemExit among them
            name = owner_name(test)
            if id(test) not in self._undescribed:
                self._undescribed = (*self._undescribed, id(test))
                self._list_error(f"the description of {name}", error)
            return name

    def _list_error(self, name: str, error: BaseException) -> None:
        """Add an error without writing to the stream, and without calling methods of a test."""
        holder, text = unittest_internals.error_holder(name), traceback_text(error)
        self.errors.append((holder, text))  # type: ignore[attr-defined]
        self.hermetic_listeners.tell("addError", holder, (type(error), error, error.__traceback__))

    def run_out_of_time(self) -> None:
        """Note that the run has used up its time, and have no other test begin."""
        self.end_early("the time limit expired (TEST_TIMEOUT)")
        self.stop()  # type: ignore[attr-defined]

    def report_allowed(self) -> None:
        """Report allowed violations to the listeners; a run within a test leaves them to that test."""
        if running.warned and not self._is_nested:
            self.hermetic_listeners.tell("addAllowed", findings.take_all(running.warned))

    def note_leaks(self, test: Any, what: str, changes: Sequence[str]) -> None:
        """Note what a test, or the group that ended with it, has changed in its process or left behind."""
        self.hermetic_listeners.tell("addLeaks", test, what, changes)

    def note_allowed(self, test: Any, violations: Sequence[Violation]) -> None:
        """Note what another process has allowed a test, for the summary."""
        running.warned.extend(violations)

    def note_retries(self, test: Any, attempts: Sequence[TestRecord], diagnosis: str) -> None:
        """Note what the attempts of a test have done that another process has retried."""
        self.hermetic_listeners.tell("addRetries", test, attempts, diagnosis)

    def note_timing(self, test: Any, started: float, seconds: float) -> None:
        """Note when a test has started, and how long it took, in the worker that has run it."""
        self._timing = test, started, seconds

    def leave_out(self, seconds: float) -> None:
        """Subtract seconds that a person has spent in the debugger from the time of the current test."""
        self._began += seconds
        if self._scope is not None:
            self._scope.started += seconds

    def show_new_errors(self) -> None:
        """Show the errors and failures that were not shown yet; ``printErrors`` will leave them out."""
        for flavour, entries in (("ERROR", self.errors), ("FAIL", self.failures)):  # type: ignore[attr-defined]
            self.printErrorList(unittest_internals.coloured_flavour(self, flavour), entries)
            self._shown = {**self._shown, id(entries): len(entries)}

    def printErrorList(self, flavour: str, errors: Any) -> None:
        """Print the errors as unittest does, except for those that were shown already."""
        super().printErrorList(flavour, errors[self._shown.get(id(errors), 0) :])  # type: ignore[misc]

    def printErrors(self) -> None:
        super().printErrors()  # type: ignore[misc]
        self.report_allowed()
        stream = self.summary_stream or self.stream  # type: ignore[attr-defined]  # without a WatchedRun
        for lines_of in self.hermetic_listeners["summary_lines"]:
            for line in lines_of(self, stream):
                stream.write(f"{line}\n")


def _reporting(name: str) -> Any:
    """Make a method that tells the listeners when it begins and ends: what it takes is no time of the test."""

    def report(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.hermetic_listeners.tell("startReporting")
        try:
            return getattr(super(RunResult, self), name)(*args, **kwargs)
        finally:
            self.hermetic_listeners.tell("stopReporting")

    report.__name__ = name
    return report


for _name in (
    "addError", "addFailure", "addSkip", "addExpectedFailure", "addUnexpectedSuccess", "addSubTest", "_conclude",
):  # fmt: skip
    setattr(RunResult, _name, _reporting(_name))


def _nothing() -> None:
    """Does nothing in the place of a method that a result lacks."""


class ListingResult(unittest.TextTestResult):
    """unittest's TextTestResult, which lists what went wrong also where a test has replaced the methods that do so."""

    def wasSuccessful(self) -> bool:
        return not (self.errors or self.failures or self.unexpectedSuccesses)


def _listing(name: str) -> Any:
    """A method of unittest's; what it leaves out of the lists is an error."""

    def add(self: Any, test: Any, *args: Any, **kwargs: Any) -> None:
        listed = len(self.errors) + len(self.failures)
        getattr(super(ListingResult, self), name)(test, *args, **kwargs)
        if listed < len(self.errors) + len(self.failures):
            return
        error = kwargs.get("err", args[-1] if args else None)
        if error is not None:  # otherwise it is the outcome of a subtest that passed
            self.errors.append((test, traceback_text(error[1])))

    add.__name__ = name
    return add


for _name in ("addError", "addFailure", "addSubTest"):
    setattr(ListingResult, _name, _listing(_name))


class TestResult(RunResult, ListingResult):
    """``unittest.TextTestResult``, the result class of the runner. You can subclass it.

    ``collectedDurations`` is filled only in a run that asks for durations.
    """

    __test__ = False  # pytest: not a test class, in spite of its name
    durations: int | None = None
    _is_plain = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begin_run()

    def addDuration(self, test: Any, elapsed: float) -> None:
        """Called with the seconds that a test took; its size and limit are shown behind its name."""
        if self.durations is not None:
            shown = guarding().optional_listeners.with_limit(test)
            super().addDuration(shown, elapsed)  # type: ignore[misc,unused-ignore]  # from 3.12 on


def make_run_result(result: Any) -> bool:
    """Give a result of somebody else's class the behaviour of a ``RunResult``; its own class stays a base.

    Returns:
        False for an object that cannot change its class: the tests are guarded all the same, by proxies.
    """
    try:
        if not isinstance(result, RunResult):
            cls = type(result)
            if not hasattr(cls, "startTest"):
                return False  # it hands everything on to another: there is nothing for ours to stand before
            names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, **lacking_methods(cls)}
            object.__setattr__(result, "__class__", type(cls.__name__, (RunResult, cls), names))
            result.begin_run()
    except (AttributeError, TypeError):
        return False
    return True
