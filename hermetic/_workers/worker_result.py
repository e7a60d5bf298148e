"""The result of a worker's tests: it sends a frame for each call that unittest makes."""

from __future__ import annotations

import linecache
import unittest

from .._base import real
from .._isolation import leak_snapshot
from .._protocol import framing, portable_errors
from .._results.guarded_result import GuardedResult
from .._stdlib import global_state, unittest_internals
from .._verdicts import findings, scopes, violation_data
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

FAILURES = ("error", "failure", "unexpected_success")  # the verdicts that end a run with failfast
_NAMES = ("__module__", "__qualname__")
_MAX_PARAMETER = 2000  # characters of one parameter of a subtest


def run_options(result: Any, **others: bool) -> dict[str, bool]:
    """The options of a request to run a test: what the result of the run asks for, and others."""
    names = {"locals": "tb_locals", "failfast": "failfast", "buffer": "buffer"}
    return {option: bool(getattr(result, name, False)) for option, name in names.items()} | others


class _SendingResult(unittest.TestResult):
    """A result that sends a frame for each call."""

    def __init__(self, channel: framing.WorkerEnd) -> None:
        super().__init__()
        self._channel = channel
        self._pid = real.get_pid()
        self._current: Any = None
        self.with_locals = False
        self.compare_each = False
        self.has_failed = False
        self.tells_of_buffering = False
        self.phases: dict[str, float] = {}  # the seconds of each, of a test whose request asks for them
        self._started = 0.0
        self._snapshot: leak_snapshot.Snapshot | None = None
        self._done = 0  # the number of requests that are done
        self._is_told = False  # whether a frame of this request has reported its test, or a fixture
        self._set_up: list[Any] = [
            "the set-up of its class or module",
            "skip",
            "the test did not run",
        ]  # the last fixture's

    def send(self, *frame: Any, hold: bool = False) -> None:
        """Send a frame, or hold it for the next one; in a forked copy of the test, say so and exit."""
        if real.get_pid() != self._pid:
            verdict = frame[1] if frame[0] == "outcome" else ""
            self._channel.send(["copy", owner_name(self._current), verdict])
            real.exit_process(1)
        self._channel.send([*frame], hold=hold)

    def _setupStdout(self) -> None:
        """Called by suites before a fixture."""
        if self.tells_of_buffering:
            self.send("buffer")

    def _restoreStdout(self) -> None:
        """Called by suites after a fixture."""
        if self.tells_of_buffering:
            self.send("release")

    def startTest(self, test: Any) -> None:
        self.testsRun += 1
        self._current = test
        self._is_told = True
        self.send("begin", owner_name(test), real.perf_counter())
        self._snapshot = leak_snapshot.Snapshot() if self.compare_each else None
        self._started = real.perf_counter()

    def stopTest(self, test: Any) -> None:
        if self._current is None:
            return  # it has not begun, or a class's own run() has called this before
        duration = real.perf_counter() - self._started
        methods = findings.take_all(scopes.running.start_methods)
        facts = {"started": self._started, "duration": duration, "methods": methods, **self.warned()}
        if self.phases:
            facts["phases"], self.phases = self.phases, {}
        self.send("end", facts, hold=True)  # the next frame says that the request is done
        self._current = None

    def note_leaks(self, _: Any, what: str, changes: list[str]) -> None:
        """Send what the test changed in its process, or left behind."""
        self.send("leaks", what, changes)

    def addDuration(self, test: Any, elapsed: float) -> None:
        """Do nothing: stopTest has sent the duration."""

    def take_changes(self) -> list[str]:
        """Describe what the last test changed and left behind, if the request asks for that."""
        snapshot, self._snapshot = self._snapshot, None
        return leak_snapshot.changes_since(snapshot)

    def done(self, changes: list[str]) -> None:
        """Say that the request is done, and what its test changed."""
        self._done += 1
        self.send("ready", changes, self._done)

    def tell_the_rest(self) -> None:
        """Say that the test has ended, if its class's own run() has not, or why it has not begun.

        A test does not begin if the set-up of its class or module failed or skipped, for an earlier test.
        """
        if self._current is not None:
            self.stopTest(self._current)
        if not self._is_told:
            self.send("unbegun", *self._set_up)
        self._is_told = False

    def warned(self) -> dict[str, Any]:
        """Take the violations that were warned of."""
        found = findings.take_all(scopes.running.warned)
        return {"warned": [violation_data.violation_fields(violation) for violation in found]}

    def broken(self, error: BaseException) -> None:
        """Send an exception that came out of a test or a fixture and ends programs."""
        self.send("broken", self._described((type(error), error, error.__traceback__)))

    def relay_warning(self, warning: Any, _: Any) -> None:
        """Send a ``WarningMessage`` instead of showing it."""
        text, names = (
            portable_errors.cut(str(warning.message)),
            [str(getattr(warning.category, name)) for name in _NAMES],
        )
        if real.get_pid() == self._pid:
            self.send("warning", text, names, str(warning.filename), int(warning.lineno), _shown_line(warning))

    def addSuccess(self, test: Any) -> None:
        self._tell(test, "success")

    def addError(self, test: Any, err: Any) -> None:
        self._tell(test, "error", self._described(err))

    def addFailure(self, test: Any, err: Any) -> None:
        self._tell(test, "failure", self._described(err))

    def addSkip(self, test: Any, reason: str) -> None:
        self._tell(test, "skip", portable_errors.cut(str(reason)))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._tell(test, "expected_failure", self._described(err))

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._tell(test, "unexpected_success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        failed = err is not None
        kind = "success" if not failed else "failure" if issubclass(err[0], test.failureException) else "error"
        self._tell(subtest, kind, self._described(err) if failed else None)

    def _tell(self, test: Any, verdict: str, details: Any = None) -> None:
        self.has_failed = self.has_failed or verdict in FAILURES
        parts = unittest_internals.sub_test_parts(test)
        if parts is not None:
            message, params = parts
            shown = None if message is None else portable_errors.cut(str(message))
            shown_params = {
                str(name): portable_errors.cut(portable_errors.repr_of(value, "<repr() failed>"), _MAX_PARAMETER)
                for name, value in params.items()
            }
            self.send("outcome", "subtest", [verdict, details, shown, shown_params])
        elif test is self._current:
            self.send("outcome", verdict, details, hold=verdict == "success")
        else:  # of a fixture, or of a test that has ended already
            self._is_told, self._set_up = True, [owner_name(test), verdict, details]
            self.send("fixture", *self._set_up)

    def _described(self, err: Any) -> dict[str, Any]:
        error, tb = err[1:] if isinstance(err, tuple) else (getattr(err, "value", err), None)
        return portable_errors.describe_error(error, tb, with_locals=self.with_locals)


def _shown_line(warning: Any) -> str | None:
    """The text below a warning: its line, if it has one, and where its source was allocated.

    The source itself stays in this process, so the text about it is sent as a part of the line.
    """
    allocated = "" if warning.source is None else global_state.allocation_of(warning)
    line = linecache.getline(warning.filename, warning.lineno) if allocated and warning.line is None else warning.line
    return portable_errors.cut(f"{line.strip()}\n{allocated}") if allocated else None if line is None else str(line)


class WorkerResult(GuardedResult, _SendingResult):
    """A sending result that reports violations."""

    def note_start(self) -> None:
        """Give a test without a size that starts a process a scope, in which its children can report."""
        if self._current is not None and self._scope is None and scopes.is_main_thread():
            self._enter(self._current)
