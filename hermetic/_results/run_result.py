"""The result of a whole run: it knows whether the run ended early, and sums the violations up."""

from __future__ import annotations

import traceback
import unittest

from .._base import real
from .._patches import installation
from .._rules import marking
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._terminal import colours
from .._verdicts import scopes
from .._verdicts.owner_names import owner_name
from . import durations
from .guarded_result import GuardedResult, exc_info, lacking_methods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.errors import ViolationError
    from .._base.records import Violation

__unittest = True

running = scopes.running  # looked up once, and not for every test


class RunResult(GuardedResult):
    """Mixin over any result class, for the result of a whole run.

    Attributes:
        ended_early: what ended the run before its last test; None if nothing did.
        interrupted: whether that was Ctrl-C.
        current_test: the test that is running.
        watchdog: what interrupts tests, if anything does.
        violations: those that are in the report.
        summary_stream: where the summary is written to.
        durations_before_3_12: how many of the slowest tests to list, where unittest does not.
        hermetic_recorder: of a run that is to be reported.
        unwritten: what went wrong with the reports.
        known_violations: those that the configuration lists, if it lists any.
        size_distribution: of the tests of the run, if somebody wants to know.
        order: the line that says how to have the order of the tests again, if it is not the usual one.
        hermetic_history: what is told how the run went, if it adds to a history.
        hermetic_progress: what shows how far the run is, on a terminal.
        leaks: what tests and groups have changed and left, for people.
    """

    violations: tuple[Violation, ...] = ()
    summary_stream: Any = None
    durations_before_3_12: int | None = None
    watchdog: Any = None
    ended_early: str | None = None
    interrupted = False
    current_test: Any = None
    hermetic_recorder: Any = None
    unwritten: tuple[str, ...] = ()
    known_violations: Any = None
    size_distribution: Any = None
    order: str | None = None
    hermetic_history: Any = None
    hermetic_progress: Any = None
    leaks: tuple[str, ...] = ()
    _undescribed: tuple[int, ...] = ()  # the tests that have failed to describe themselves, by id()
    _begin = staticmethod(scopes.begin_alone)

    def startTest(self, test: Any) -> None:
        self.current_test = test
        super().startTest(test)
        if self.watchdog is not None:
            self.watchdog.start(test)

    def stopTest(self, test: Any) -> None:
        if self.watchdog is not None:
            self.watchdog.stop()
        super().stopTest(test)
        self.current_test = None

    def stopTestRun(self) -> None:
        self.report_late()
        if self.hermetic_progress is not None:
            self.hermetic_progress.close()
        getattr(super(), "stopTestRun", _nothing)()
        if self.hermetic_history is not None:
            self.hermetic_history.save(self)
        recorder = self.hermetic_recorder
        if recorder is not None:
            self.unwritten = (*recorder.finish(successful=self.wasSuccessful(), ended_early=self.ended_early),)

    def begin_scope(self, test: Any) -> None:
        """Begin the scope of a test that had none, because nothing was guarded when it started."""
        if self._scope is None:
            self._enter(test)

    def wasSuccessful(self) -> bool:
        is_amiss = self.size_distribution is not None and self.size_distribution.is_error
        is_amiss = is_amiss or self.ended_early is not None or bool(self.unwritten) or bool(running.faults)
        return not is_amiss and bool(super().wasSuccessful())  # type: ignore[misc]

    def end_early(self, reason: str, error: BaseException | None = None, fixture: str = "") -> None:
        """Note what ended the run.

        Args:
            reason: what it was, for people.
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
        """As unittest has it; a test that cannot describe itself is an error, and the run goes on."""
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
        """Add an error without a word on the stream, and without asking a test."""
        holder, text = unittest_internals.error_holder(name), "".join(traceback.format_exception(error))
        self.errors.append((holder, text))  # type: ignore[attr-defined]
        if self.hermetic_recorder is not None:
            self.hermetic_recorder.add_error(holder, error, text)

    def run_out_of_time(self) -> None:
        """Note that the run has used up its time, and have no other test begin."""
        self.end_early("its time is up (TEST_TIMEOUT)")
        self.stop()  # type: ignore[attr-defined]

    def note_leaks(self, test: Any, what: str, changes: list[str]) -> None:
        """A test, or the group that it was the last of, has changed this in its process, or left it behind."""
        from .._isolation import leak_snapshot  # loaded by who has found it, not with every run

        self.leaks = (*self.leaks, f"{what}: {leak_snapshot.summed(changes)}")
        if self.hermetic_recorder is not None:
            self.hermetic_recorder.add_leaks(test, changes)

    def _reported(self, errors: list[ViolationError]) -> None:
        self.violations = (*self.violations, *(error.violation for error in errors))
        if self.hermetic_recorder is not None:
            self.hermetic_recorder.add_violations(errors)

    def printErrors(self) -> None:
        super().printErrors()  # type: ignore[misc]
        stream = self.summary_stream or self.stream  # type: ignore[attr-defined]  # without a WatchedRun
        lines = self._summary(stream) if self.violations or self.leaks or installation.installed.is_complete else []
        methods = scopes.running.start_methods
        if methods and not current_run.in_run:  # a run within a test leaves it to the run around it
            lines.append(f"start method{'s' if len(methods) > 1 else ''} of multiprocessing: {', '.join(methods)}")
        if self.order is not None and not self.wasSuccessful():
            lines.append(self.order)  # its first line may be far away by now
        if self.ended_early is not None:
            lines.append(f"The run ended early: {self.ended_early}")
        if self.size_distribution is not None:
            lines += self.size_distribution.lines()
        if self.hermetic_recorder is not None:
            lines += [*self.unwritten, *self.hermetic_recorder.annotations()]
        if self.durations_before_3_12 is not None:
            lines += durations.lines(self, self.durations_before_3_12)
        if self.hermetic_progress is not None:
            lines += self.hermetic_progress.slow_tests()
        if self.hermetic_history is not None and colours.is_terminal(stream):  # in a file, it is unittest's text alone
            lines += self.hermetic_history.rerun_lines()
        for line in lines:
            stream.write(f"{line}\n")

    def _summary(self, stream: Any) -> list[str]:
        from .._policy import messages  # loaded with the guard, not with every run

        warned: list[Violation] = []
        if not current_run.in_run:  # a run within a test leaves its warnings to the run around it
            warned, running.warned = running.warned, []
        known: list[str] = []
        if current_run.is_observing:
            warned = []  # whoever observes tells of it
        elif self.known_violations is not None and not current_run.in_run:
            warned, known = self.known_violations.told_apart(warned, self)
        bad = messages.summary_lines(self.violations, "violations")
        odd = [*messages.summary_lines(warned, "warnings"), *messages.leak_lines(self.leaks)]
        if colours.are_wanted(stream):
            bad, odd = colours.of_headings(bad, colours.RED), colours.of_headings(odd, colours.YELLOW)
        return [*bad, *odd, *known]


def _nothing() -> None:
    """Stands for a method that a result may lack."""


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
            self.errors.append((test, "".join(traceback.format_exception(*error))))

    add.__name__ = name
    return add


for _name in ("addError", "addFailure", "addSubTest"):
    setattr(ListingResult, _name, _listing(_name))


class TestResult(RunResult, ListingResult):
    """unittest's TextTestResult, which reports violations and knows whether the run ended early.

    ``collectedDurations`` is filled only in a run that asks for durations.

    What every test goes through is written out here, without the layers above: it is most of what a test costs.
    In a run that is recorded, it goes through them.
    """

    __test__ = False  # pytest: not a test class, in spite of its name
    durations: int | None = None
    _scope_class: type | None = None  # whose tests may take the scope over, one after another

    def startTest(self, test: Any) -> None:
        if self.hermetic_recorder is not None:
            super().startTest(test)
            return
        self.current_test = test
        if self.buffer or self.showAll:
            unittest.TextTestResult.startTest(self, test)
        else:
            self.testsRun += 1
        if self.watchdog is not None:
            self.watchdog.start(test)
        if not (installation.installed.is_complete or running.has_log):
            return
        scope = self._scope
        changes = running.late or running.faults or running.by_thread or running.has_log
        changes = changes or marking.own_method(test) is not None
        if scope is None or changes or type(test) is not self._scope_class:
            self._enter(test)
        else:
            scope.owner = test
            scope.started = real.perf_counter()
            running.process = scope

    def _enter(self, test: Any) -> None:
        super()._enter(test)
        has_own_marks = marking.has_marked_methods(type(test)) or marking.own_method(test) is not None
        self._scope_class = None if has_own_marks else type(test)

    def stopTest(self, test: Any) -> None:
        if self.hermetic_recorder is not None:
            super().stopTest(test)
            return
        if self.watchdog is not None:
            self.watchdog.stop()
        scope = self._scope
        if scope is not None and scope.owner is test:
            if scope.touched or running.by_thread or running.faults:
                self._leave(test, scope)
            else:  # nobody else holds it, and nothing came of it: it is kept for the next test
                scope.owner = None
                running.process = scope.before[1]
        if running.faults:
            self._report_faults(test)
        if self.buffer:
            unittest.TextTestResult.stopTest(self, test)
        self.current_test = None

    def addSuccess(self, test: Any) -> None:
        if self.hermetic_recorder is not None:
            super().addSuccess(test)
            return
        scope = self._scope
        if scope is not None:
            if real.perf_counter() - scope.started > scope.time_limit:
                self._report_overrun(test)
            if (scope.touched or running.faults) and self._conclude(test):
                return
        elif running.faults and self._report_faults(test):
            return
        unittest.TextTestResult.addSuccess(self, test)

    def addDuration(self, test: Any, elapsed: float) -> None:
        """Called with the seconds that a test took."""
        if self.durations is not None:
            super().addDuration(test, elapsed)  # type: ignore[misc,unused-ignore]  # from 3.12 on


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
    except (AttributeError, TypeError):
        return False
    return True
