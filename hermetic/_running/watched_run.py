"""Wraps a whole run in a suite that any runner can run: the run is guarded, and what ends it early is reported."""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
import traceback
import types
import unittest

from .._base import clock, real
from .._base.errors import RunEndedEarly
from .._base.sizes import NO_LIMIT, OFF
from .._patches import forked_runs, process_exits
from .._results.guarded_result import guarding
from .._results.run_result import make_run_result
from .._rules import marking, retry_counts, sandbox_choice
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._suites import suite_tests
from .._terminal import colours
from .._verdicts import reported_exceptions, scopes
from . import definitions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from .._results.recording import Recorder
    from .._results.time_limits import Watchdog
    from .._suites.history import RunHistory
    from .._suites.pace import Pace
    from .._workers.isolation import Isolation

__unittest = True


class WatchedRun(unittest.TestSuite):
    """A whole run, whatever runner it is given to: guarded, and reported to its end.

    Attributes:
        durations: how many of the slowest tests to list, on Pythons before 3.12.
        stream: where to sum up, for a result that has no stream of its own.
        starters: the tests that have started processes by multiprocessing, by id(), for runs by all start methods.
        is_whole: whether it is all of a suite, and not what was picked from one.
    """

    durations: int | None = None
    stream: Any = None

    def __init__(self, test: Any) -> None:
        super().__init__([test])
        self._whole = test
        self._started = 0.0
        self.starters: dict[int, Any] = {}
        self.is_whole = False
        self._pace: Pace | None = None  # of a run with workers that save time, and do nothing else

    def run(self, result: Any, debug: bool = False) -> Any:  # noqa: FBT001, FBT002 - unittest's signature
        """Run the test with a result that is made a ``RunResult`` if it is none."""
        if not make_run_result(result):
            return self._whole(result)
        result.summary_stream = getattr(result, "stream", None) or self.stream or sys.stderr
        if current_run.in_run:
            result.begin_run()
        else:
            self._look_at_whole(result)
        in_run, current_run.in_run = current_run.in_run, True
        current_run.has_begun = True
        if not in_run:
            if current_run.fails_fast is not None:
                result.failfast = current_run.fails_fast
            scopes.running.start_methods.clear()
        try:
            with contextlib.ExitStack() as while_running:
                while_running.enter_context(forked_runs.while_running(result))
                while_running.enter_context(self._starts_noted(result))
                self._pace = None if in_run else self._pace_of_whole()
                self._follow(result, while_running, is_nested=in_run)
                self._run_to_its_end(result, is_nested=in_run)
                if self._pace is not None and result.ended_early is None and result.wasSuccessful():
                    self._pace.note()
        finally:
            current_run.in_run = in_run
        return result

    def _look_at_whole(self, result: Any) -> None:
        """Begin the run, and note what listeners need to know of all its tests: a suite drops them one by one."""
        settings, known = current_run.settings, None
        recorder: Recorder | None = current_run.recorder
        if current_run.is_observing and recorder is not None and recorder.observer is not None:
            recorder.observer.add_tests(_tests_in(self._whole), is_whole=self.is_whole)
        if settings.baseline and not current_run.is_observing:
            known = optional_parts().known_violations.KnownViolations(_tests_in(self._whole), is_whole=self.is_whole)
        result.begin_run(known, current_run.order and current_run.order.seed_line)
        result.report_allowed()  # what imports were allowed is in the summary, and in no record of a test
        if settings.size_distribution != OFF and not current_run.is_observing:
            distribution = optional_parts().size_distribution.SizeDistribution
            result.add_listener(distribution(_tests_in(self._whole), is_whole=self.is_whole))

    def _run_to_its_end(self, result: Any, *, is_nested: bool) -> None:
        self._started = real.perf_counter()
        caught_before = _ctrl_c_was_caught()
        with process_exits.exits_watched(lambda call: self._on_end(result, call)):
            try:
                with (
                    clock.stops_noted(),
                    self._isolation(result, is_nested=is_nested),
                    self._watchdog(result, is_nested=is_nested),
                ):
                    self._whole(result)
            except real.system_exit as error:
                fixture = _fixture_of(error)
                result.end_early(f"sys.exit({error.code!r}) in {fixture}", error, fixture)
            except KeyboardInterrupt as error:
                result.interrupted = True
                self._end_stopped(result, "Ctrl-C", f", {_place_of(error, result)}")
            except BaseException as error:
                if is_nested:
                    raise  # the test that runs it may expect this
                result.end_early(process_exits.early_end_text(error, "outside of the tests"), error)
        if result.ended_early is None and getattr(result, "shouldStop", False):
            if _ctrl_c_was_caught() and not caught_before:
                result.interrupted = True
                self._end_stopped(result, "Ctrl-C")
            elif result.wasSuccessful() and result.testsRun < self._whole.countTestCases():
                self._end_stopped(result, "stop() was called")  # not by failfast, which has a failure to show

    def _watchdog(self, result: Any, *, is_nested: bool) -> contextlib.AbstractContextManager[None]:
        """What interrupts tests that take too long; a thread, which must not be there when others are forked off."""
        seconds, ends_at = current_run.settings.test_timeout, current_run.ends_at
        sum_up = result.sum_up = functools.partial(self._sum_up, result)
        if seconds is None and ends_at is None:
            if current_run.timeouts_are_marked and not is_nested:
                result.add_listener(guarding().time_limits.MarkedTests(result, sum_up))
            return contextlib.nullcontext()
        found: Watchdog = guarding().time_limits.Watchdog(seconds, ends_at, result, sum_up)
        return found.on_guard()

    def _follow(self, result: Any, while_running: contextlib.ExitStack, *, is_nested: bool) -> None:
        """Add the listeners of a run, in the order of their lines in the summary."""
        recorder: Recorder | None = current_run.recorder
        history: RunHistory | None = current_run.history
        if recorder is not None and not is_nested:
            while_running.enter_context(recorder.recording(result, self._whole.countTestCases()))
        if self.durations is not None:
            result.add_listener(optional_parts().optional_listeners.SlowestTests(self.durations, result))
        if is_nested:
            return
        if retry_counts.are_possible():
            definitions.protection().retry_tests_of(result)
        if current_run.settings.maxfail is not None:
            limit = optional_parts().optional_listeners.FailureLimit
            result.add_listener(limit(current_run.settings.maxfail, result, self._whole.countTestCases()))
        shows_now = current_run.settings.show_failures == "now" or current_run.debugs
        if shows_now or colours.is_terminal(result.summary_stream) or colours.are_wanted(result.summary_stream):
            tests, total = _tests_in(self._whole), self._whole.countTestCases()
            shown = 1 if self._stays_here() else jobs()
            follow = optional_parts().live_listeners.follow
            while_running.enter_context(follow(result, tests, total, self._durations, shown))
        if history is not None:
            while_running.enter_context(history.noting(result))

    @property
    def _durations(self) -> Mapping[str, float]:
        """How long the tests took before, as of ``History``."""
        history: RunHistory | None = current_run.history
        return history.durations if history is not None else {}

    def _pace_of_whole(self) -> Pace | None:
        """The pace of the tests, if workers save time and do nothing else."""
        settings, history = current_run.settings, current_run.history
        if jobs() == 1 or history is None or settings.detect_leaks or sandbox_choice.is_in_force():
            return None
        found: Pace | None = optional_parts().pace.of_tests(_tests_in(self._whole), jobs(), history)
        return found

    def _stays_here(self) -> bool:
        """Whether the tests run in this process in spite of ``-j``."""
        return self._pace is not None and self._pace.is_alone

    def _isolation(self, result: Any, *, is_nested: bool) -> contextlib.AbstractContextManager[None]:
        """What isolated tests need for the time of the run."""
        settings, are_retried = current_run.settings, not is_nested and retry_counts.are_possible()
        stays_here = self._stays_here()
        if not current_run.hands_tests_over() or (stays_here and not are_retried):
            return contextlib.nullcontext()
        needs_all = settings.isolated or settings.detect_leaks
        tests = [*_tests_in(self._whole)]
        marked = {id(type(test)) for test in tests if needs_all or marking.own_method(test) is not None}
        for cls in {id(type(test)): type(test) for test in tests}.values():
            # A protected class may have got its mark, such as that of its module, after it was defined.
            is_concerned = id(cls) in marked or marking.is_protected(cls)
            if is_concerned and cls.__module__ != "unittest.loader":  # it stands for a test that could not be loaded
                definitions.protection().protect_class(cls)
        ends_at = NO_LIMIT if current_run.ends_at is None else current_run.ends_at
        found: Isolation = definitions.protection().handover().isolation.of_process()
        all_tests = _tests_in(self._whole)
        if is_nested or stays_here or (jobs() == 1 and not sandbox_choice.is_in_force()):
            return found.of_run(all_tests, result, ends_at=ends_at)
        from .._workers.parallel_run import ParallelRun  # saves 25 ms in runs that are not parallel

        run_ahead = functools.partial(
            ParallelRun,
            suite=self._whole,
            result=result,
            durations=self._durations,
            ends_at=ends_at,
            protect=definitions.protection().protect_class,
            jobs=jobs(),
        )
        return found.of_run(all_tests, result, ends_at=ends_at, suite=self._whole, run_ahead=run_ahead)

    @contextlib.contextmanager
    def _starts_noted(self, result: Any) -> Iterator[None]:
        """Give tests without a size that start processes a scope, in which their children can report."""
        are_kept = current_run.settings.start_method == "all"  # what is kept lives on, and is looked through each time

        def note() -> None:
            test = result.current_test
            if are_kept and test is not None:
                self.starters[id(test)] = test  # not a set of tests: different ones may compare equal
            if test is not None and scopes.is_main_thread():
                result.begin_scope(test)

        listeners = scopes.running.start_listeners
        listeners.append(note)
        try:
            yield
        finally:
            listeners.remove(note)

    def _end_stopped(self, result: Any, reason: str, place: str = "") -> None:
        result.end_early(f"{reason}, after {result.testsRun} of {self._whole.countTestCases()} tests{place}")

    def _on_end(self, result: Any, call: str) -> None:
        """Sum up what ran, from within the call that ends the process."""
        error = RunEndedEarly(f"{call} ended the test run").with_traceback(_stack())
        self._sum_up(result, f"{call} in {result.current_test or 'the test run'}", error)

    def _sum_up(self, result: Any, reason: str, error: BaseException) -> None:
        """Sum up what ran, while a test is running."""
        test = result.current_test
        result.end_early(reason, error)
        if test is not None:
            result.stopTest(test)
        result.stopTestRun()
        result.printErrors()
        run, taken = result.testsRun, real.perf_counter() - self._started
        counts = [("failures", result.failures), ("errors", result.errors), ("skipped", result.skipped)]
        infos = ", ".join(f"{name}={len(entries)}" for name, entries in counts if entries)
        stream = result.summary_stream
        stream.write(f"{getattr(result, 'separator2', '-' * 70)}\n")
        stream.write(f"Ran {run} test{'s' if run != 1 else ''} in {taken:.3f}s\n\nFAILED ({infos})\n")
        for output in (stream, sys.stdout):
            with contextlib.suppress(Exception):  # a test may have closed or replaced it
                output.flush()


def jobs() -> int:
    """Return the number of workers that run the program's tests in parallel; 1 to run them in this process."""
    settings = current_run.settings
    if settings.no_isolation or not current_run.is_program:
        return 1
    found: int = settings.jobs if isinstance(settings.jobs, int) else optional_parts().processors.usable()
    return found


def optional_parts() -> types.ModuleType:
    """Load what only runs on a terminal, or with some settings, need."""
    from . import optional_parts  # saves 3 ms in the other runs

    return optional_parts


def _tests_in(suite: Any) -> Iterator[Any]:
    """The TestCases of a suite and of those in it."""
    return (test for test in suite_tests.tests_in(suite) if isinstance(test, unittest.TestCase))


def _ctrl_c_was_caught() -> bool:
    """Whether the handler of ``-c`` has seen a Ctrl-C."""
    return unittest_internals.catch_handler_was_called(signal.getsignal(signal.SIGINT))


def _fixture_of(error: BaseException) -> str:
    """The fixture that an exception came out of."""
    fixtures = [unittest_internals.fixture_of(frame) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((fixture[0] for fixture in fixtures if fixture), "the test run")


def _place_of(error: BaseException, result: Any) -> str:
    """Where a run was when it was stopped: the line, or the isolated test that it waited for."""
    if result.current_test is not None:  # a test that runs in this process has been told to stop by now
        return f"in {result.current_test}"
    reported_exceptions.trim(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"at {place.filename}:{place.lineno} in {place.name}"


def _stack() -> types.TracebackType | None:
    """The user's part of the current call stack, as a traceback."""
    found = None
    for frame, line in traceback.walk_stack(real.get_frame(1)):
        if "__unittest" not in frame.f_globals:
            found = types.TracebackType(found, frame, frame.f_lasti, line)
        elif found is not None:
            break  # unittest's own frames: what lies above them is the runner
    return found
