"""The replay of a test: the frames of its worker are told to the result that the runner has passed to run()."""

from __future__ import annotations

import sys
import unittest
import warnings

from .._base import features
from .._base.errors import IsolationError
from .._protocol import portable_errors, stand_in_classes, tracebacks
from .._protocol.frames import FrameHandler
from .._results import isolation_errors, listeners
from .._results.guarded_result import exc_info
from .._results.result_proxy import report_outside, shows_subtests
from .._stdlib import unittest_internals
from .._verdicts import scopes, violation_data
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


__unittest = True


class Relay(FrameHandler):
    """Passes on what is the same for all frames of a worker: its output, its warnings, what it changed.

    Attributes:
        changes: what the worker's process changed and left behind, for people.
    """

    def __init__(self) -> None:
        self.changes: list[str] = []

    def on_output(self, stream: str, text: str) -> None:
        """Write the text to the stream of that name."""
        target: Any = sys.stdout if stream == "out" else sys.stderr
        try:
            target.write(text)
        except UnicodeEncodeError:
            encoding = getattr(target, "encoding", None) or "ascii"
            target.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (AttributeError, OSError, ValueError):
            pass  # the runner has no such stream, or has closed it

    def on_warning(self, text: str, category: list[str], filename: str, line: int, source: str | None) -> None:
        """Show the warning, which the worker's filters have let through."""
        module, name = category
        found: Any = stand_in_classes.known_class(module, name, Warning)
        identifier = stand_in_classes.plain_name(name)
        if found is None:
            found = type(identifier, (Warning,), {"__module__": module})
        # An instance made without __init__, which may ask for more than a text.
        shown = type(identifier, (found,), {"__module__": module, "__str__": lambda _: text})
        tracebacks.note_source_file(filename)
        warnings.showwarning(Warning.__new__(shown), found, filename, line, line=source)

    def on_ready(self, changes: list[str], number: int) -> None:
        """Note the changes of the test."""
        self.changes += changes

    def on_finished(self, facts: dict[str, Any]) -> None:
        """Note the changes of the process, and the violations that were warned of."""
        self.changes += facts["changes"]
        self.take_warned(facts)

    def on_exited(self, left: list[str]) -> None:
        """Note what the worker left behind."""
        self.changes += left

    @staticmethod
    def take_warned(facts: dict[str, Any]) -> None:
        """Add the violations that a worker warned of to those of this process, for the summary."""
        scopes.running.warned += map(violation_data.violation_of, facts["warned"])


class Replay(Relay):
    """Replays the frames of one test: output when it comes, the verdict when nothing can change it any more.

    Args:
        group: the description of its group; empty if the test is not isolated.
    """

    def __init__(self, test: Any, result: Any, group: str) -> None:
        super().__init__()
        self._test = test
        self._result = result
        self._group = group
        self._listeners = listeners.of_result(result)
        self._worker: int | None = None
        self._what = "isolated test" if group else "test"
        self._verdicts: list[tuple[str, Any]] = []
        self._later: list[list[Any]] = []  # frames that came after the end of the test
        self._duration: float | None = None
        self._begun = False
        self._ended = False
        self._broken = self._failed = False
        self._buffering = False

    def run(self, frames: Iterable[list[Any]]) -> list[str]:
        """Replay the frames, and return the changes that were reported of the test.

        Args:
            frames: of the test; an IsolationError that comes out of them is an error of the test.
        """
        try:
            for frame in frames:
                self.take(frame)
        except IsolationError as error:
            self.on_broken(portable_errors.describe_error(isolation_errors.standing_at(error, self._test)))
        reported = self._finish_test() if self._begun else []
        self._ended = False
        for frame in self._later:
            self.take(frame)
        self.on_release()
        return reported

    def take(self, frame: Sequence[Any]) -> None:
        """Take a frame; what comes after the end of the test waits until its verdict is told."""
        if self._ended and frame[0] in _AROUND_TESTS:
            self._later.append([*frame])
        else:
            super().take(frame)

    def _finish_test(self) -> list[str]:
        """Tell the result the verdict, and that the test has stopped."""
        test, result, duration = self._test, self._result, self._duration
        if self.changes:
            what = f"{self._what} {owner_name(test)}"
            with unittest_internals.past_buffer(result):  # a passing test's buffer is never shown
                error = isolation_errors.report_changes(what, self.changes, test, result)
            if error is not None:
                self._fail(error)
        for verdict, details in self._verdicts:
            self._tell(verdict, details)
        if duration is not None and features.UNITTEST_HAS_DURATIONS and hasattr(result, "addDuration"):
            result.addDuration(test, duration)
        result.stopTest(test)
        return self.changes

    # --- frames ---

    def on_worker(self, number: int) -> None:
        self._worker = number

    def on_begin(self, *_: Any) -> None:
        if not self._begun or self._ended:
            self._begin()

    def _begin(self) -> None:
        self._begun = True
        self._result.startTest(self._test)
        if self._worker is not None:
            self._listeners.tell("addWorker", self._worker, self._group)

    def on_buffer(self) -> None:
        self._buffering = unittest_internals.buffer_output(self._result)

    def on_release(self) -> None:
        if self._buffering:
            self._buffering = False
            unittest_internals.release_output(self._result)

    def on_output(self, stream: str, text: str) -> None:
        if not getattr(self._result, "buffer", False):  # a recorder reads the buffer
            self._listeners.tell("addOutput", *((text, "") if stream == "out" else ("", text)))
        super().on_output(stream, text)

    def on_outcome(self, verdict: str, details: Any) -> None:
        if not self._begun:
            self._begin()
        if verdict not in _HARMLESS and not self._verdicts:
            self._tell(verdict, details)
        elif verdict not in _HARMLESS or not self._failed:
            self._verdicts.append((verdict, details))

    def on_broken(self, details: dict[str, Any]) -> None:
        self._broken = True
        self._verdicts = [entry for entry in self._verdicts if entry[0] not in _HARMLESS]
        self.on_outcome("error", details)

    def on_fixture(self, name: str, verdict: str, details: Any) -> None:
        if name == owner_name(self._test):
            if verdict == "skip" and not self._begun:  # Python 3.12.1 does not start a test that a decorator skips
                _or_success(self._result, "addSkip", self._test, details)
            else:  # what the test did after its end
                self.on_outcome(verdict, details)
        elif self._ended:
            self._later.append(["fixture", name, verdict, details])
        else:
            self._tell_fixture(name, verdict, details)

    def on_unbegun(self, name: str, verdict: str, details: Any) -> None:
        if not isinstance(
            self._result, unittest.TestResult
        ):  # a TestResult has the report of the fixture, and counts it
            self.on_fixture(name, verdict, details)

    def on_copy(self, name: str, what: str) -> None:
        outcome = f" with the outcome {what}" if what else ""
        text = f"a child that it forked returned to the runner{outcome}; end a forked child with os._exit()"
        if name == owner_name(self._test):
            self._fail(self._error(text))
        else:  # of a test that has ended
            error = isolation_errors.isolation_error(f"{self._what} {name}: {text}", self._test)
            self.on_fixture(name, "isolation", error)

    def on_end(self, facts: dict[str, Any]) -> None:
        self._ended = True
        self._measured(facts["started"], facts["duration"])
        note_phases = getattr(self._result, "note_phases", None)
        if note_phases is not None:
            note_phases(facts.get("phases", {}))
        self.take_warned(facts)
        for method in facts["methods"]:
            scopes.running.note_start(method)

    def _measured(self, started: float, duration: float) -> None:
        self._duration = duration
        note_timing = getattr(self._result, "note_timing", None)
        if note_timing is not None:
            note_timing(self._test, started, duration)

    def on_leaks(self, what: str, changes: list[str]) -> None:
        note_leaks = getattr(self._result, "note_leaks", None)
        if note_leaks is not None:
            note_leaks(self._test, what, changes)

    def on_died(self, text: str, started: float, duration: float) -> None:
        if not self._broken:
            self._fail(self._error(text))
        if not self._ended:
            self._measured(started, duration)

    # --- verdicts ---

    def _error(self, text: str) -> IsolationError:
        return isolation_errors.isolation_error(f"{self._what} {owner_name(self._test)}: {text}", self._test)

    def _fail(self, error: IsolationError) -> None:
        """Report an error, in place of any success."""
        if not self._begun:
            self._begin()
        self._failed = True
        self._verdicts = [entry for entry in self._verdicts if entry[0] not in _HARMLESS]
        self._verdicts.append(("isolation", error))

    def _tell(self, verdict: str, details: Any) -> None:
        test, result = self._test, self._result
        if verdict == "success":
            result.addSuccess(test)
        elif verdict == "isolation":
            result.addError(test, exc_info(details))
        elif verdict == "error":
            result.addError(test, _rebuilt(details))
        elif verdict == "failure":
            result.addFailure(test, self._rebuilt_failure(details))
        elif verdict == "skip":
            _or_success(result, "addSkip", test, details)
        elif verdict == "expected_failure":
            _or_success(result, "addExpectedFailure", test, _rebuilt(details))
        elif verdict == "unexpected_success":
            self._tell_unexpected_success()
        elif verdict == "subtest":
            self._tell_subtest(*details)

    def _tell_unexpected_success(self) -> None:
        if hasattr(self._result, "addUnexpectedSuccess"):
            self._result.addUnexpectedSuccess(self._test)
        else:
            self._result.addFailure(self._test, exc_info(AssertionError("unexpected success")))

    def _tell_subtest(self, verdict: str, details: Any, message: str | None, params: dict[str, str]) -> None:
        subtest = unittest_internals.sub_test(
            self._test, message, {name: tracebacks.Shown(text) for name, text in params.items()}
        )
        if verdict == "skip":
            _or_success(self._result, "addSkip", subtest, details)
            return
        info = (
            None if details is None else self._rebuilt_failure(details) if verdict == "failure" else _rebuilt(details)
        )
        if shows_subtests(self._result):
            with unittest_internals.outcome_of(self._test, self._result):
                self._result.addSubTest(self._test, subtest, info)
        elif info is not None:
            add = self._result.addFailure if verdict == "failure" else self._result.addError
            add(self._test, info)

    def _rebuilt_failure(self, details: dict[str, Any]) -> Any:
        """A failure whose class is the test's ``failureException``, or inherits from it, as unittest expects."""
        cls, *rest = _rebuilt(details)
        own = self._test.failureException
        if [cls.__module__, cls.__qualname__] == [own.__module__, own.__qualname__]:
            cls = own  # unittest compares with this very class
        elif not issubclass(cls, own):
            cls = type(cls.__name__, (own,), {"__module__": cls.__module__, "__qualname__": cls.__qualname__})
        return (cls, *rest)

    def _tell_fixture(self, name: str, verdict: str, details: Any) -> None:
        """Report a fixture that failed or skipped; to a result that is not a TestResult, report its test."""
        error = details if verdict == "isolation" else fixture_error(verdict, details)
        if error is None:
            return
        if isinstance(self._result, unittest.TestResult):
            report_outside(self._result, unittest_internals.error_holder(name), error)
            return
        if not self._begun:
            self._result.startTest(self._test)
        report_outside(self._result, self._test, error)
        if not self._begun:
            self._result.stopTest(self._test)


_AROUND_TESTS = ("output", "warning", "buffer", "release")
_HARMLESS = ("success", "expected_failure", "skip")  # verdicts that an error replaces


def _or_success(result: Any, name: str, test: Any, details: Any) -> None:
    """Call a method of a result, or ``addSuccess`` if it has none of that name, as unittest does."""
    if hasattr(result, name):
        getattr(result, name)(test, details)
    else:
        result.addSuccess(test)


def _rebuilt(details: dict[str, Any]) -> Any:
    return exc_info(portable_errors.rebuild(details))


def fixture_error(verdict: str, details: Any) -> BaseException | None:
    """The exception that a fixture or another object than a test has raised in a worker; None if it raised none."""
    if verdict == "unexpected_success":
        return AssertionError("unexpected success")
    if verdict == "skip":
        return unittest.SkipTest(details)
    return None if verdict in _HARMLESS else portable_errors.rebuild(details)
