"""What a worker tells of a test, told to the result that the test's runner has given it."""

from __future__ import annotations

import sys
import unittest
import warnings

from .._base import features
from .._protocol import portable_errors, source_files, tracebacks
from .._results import durations, isolation_errors
from .._results.guarded_result import exc_info, report_outside, shows_subtests
from .._stdlib import unittest_internals
from .._verdicts import child_reports, scopes
from .._verdicts.owner_names import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._base.errors import IsolationError


__unittest = True


class Replay:
    """The frames of one test, replayed: output as it comes, the verdict when nothing can change it any more.

    Args:
        test: the test.
        result: of any runner.
        report_changes: called with what the test changed and left; returns an error to be reported, or None.
    """

    def __init__(self, test: Any, result: Any, report_changes: Callable[[list[str]], IsolationError | None]) -> None:
        self._test = test
        self._result = result
        self._recorder: Any = getattr(result, "hermetic_recorder", None)
        self._history: Any = getattr(result, "hermetic_history", None)
        self._worker: tuple[int, str] | None = None
        self._what = "isolated test"
        self._report_changes = report_changes
        self._verdicts: list[tuple[str, Any]] = []
        self._later: list[list[Any]] = []  # frames of what came after the test
        self._changes: list[str] = []
        self._duration: float | None = None
        self._begun = False
        self._ended = False
        self._broken = self._failed = False
        self._buffering = False

    def comes_from(self, worker: int, group: str) -> None:
        """Note the number of the worker that sends the frames, and its group: empty if the test is not isolated."""
        self._worker = worker, group
        self._what = "isolated test" if group else "test"

    def take(self, frame: list[Any]) -> None:
        """Take a frame."""
        kind, *details = frame
        if self._ended and kind in _AROUND_TESTS:
            self._later.append(frame)
        else:
            getattr(self, f"_take_{kind}", _ignore)(*details)

    def finish(self) -> None:
        """Tell the result: the request is done, and so is the test."""
        if self._begun:
            with unittest_internals.past_buffer(self._result):  # a passing test's buffer is never shown
                error = self._report_changes(self._changes) if self._changes else None
            if error is not None:
                self._fail(error)
            for verdict, details in self._verdicts:
                self._tell(verdict, details)
            if self._duration is not None and features.UNITTEST_HAS_DURATIONS and hasattr(self._result, "addDuration"):
                self._result.addDuration(self._test, self._duration)
            self._result.stopTest(self._test)
            if self._duration is not None:
                durations.correct(self._result, self._test, self._duration)
                if self._history is not None:
                    self._history.note(self._test, self._duration)
        self._ended = False
        for frame in self._later:
            self.take(frame)
        self._take_release()

    # --- frames ---

    def _take_begin(self, *_: Any) -> None:
        if not self._begun or self._ended:
            self._begin()

    def _begin(self) -> None:
        self._begun = True
        self._result.startTest(self._test)
        if self._recorder is not None and self._worker is not None:
            self._recorder.runs_in(*self._worker)

    def _take_buffer(self) -> None:
        self._buffering = unittest_internals.buffer_output(self._result)

    def _take_release(self) -> None:
        if self._buffering:
            self._buffering = False
            unittest_internals.release_output(self._result)

    def _take_output(self, stream: str, text: str) -> None:
        if self._recorder is not None and not getattr(self._result, "buffer", False):  # else it is found in the buffer
            self._recorder.add_output(*((text, "") if stream == "out" else ("", text)))
        write(sys.stdout if stream == "out" else sys.stderr, text)

    def _take_warning(self, *details: Any) -> None:
        show_warning(*details)

    def _take_outcome(self, verdict: str, details: Any = None) -> None:
        if not self._begun:
            self._begin()
        if verdict not in _HARMLESS and not self._verdicts:
            self._tell(verdict, details)
        elif verdict not in _HARMLESS or not self._failed:
            self._verdicts.append((verdict, details))

    def _take_broken(self, details: Any) -> None:
        self._broken = True
        self._verdicts = [entry for entry in self._verdicts if entry[0] not in _HARMLESS]
        self._take_outcome("error", details)

    def _take_fixture(self, name: str, verdict: str, details: Any = None) -> None:
        if name == owner_name(self._test):
            if verdict == "skip" and not self._begun:  # Python 3.12.1 does not start a test that a decorator skips
                _or_success(self._result, "addSkip", self._test, details)
            else:  # what it did after it had ended
                self._take_outcome(verdict, details)
        elif self._ended:
            self._later.append(["fixture", name, verdict, details])
        else:
            self._tell_fixture(name, verdict, details)

    def _take_unbegun(self, name: str, verdict: str, details: Any = None) -> None:
        if not isinstance(self._result, unittest.TestResult):  # that was told of the fixture, and counts it
            self._take_fixture(name, verdict, details)

    def _take_copy(self, name: str, what: str) -> None:
        text = f"a forked copy of it came back to the runner ({what or 'it returned'}); leave a fork with os._exit()"
        if name == owner_name(self._test):
            self._fail(self._error(text))
        else:  # of a test that has ended
            self._take_fixture(
                name, "isolation", isolation_errors.isolation_error(f"{self._what} {name}: {text}", self._test)
            )

    def _take_end(self, facts: dict[str, Any]) -> None:
        self._ended = True
        self._measured(facts["started"], facts["duration"])
        take_warned(facts)
        for method in facts["methods"]:
            scopes.running.note_start(method)

    def _measured(self, started: float, duration: float) -> None:
        self._duration = duration
        if self._recorder is not None:
            self._recorder.measured_in_worker(started, duration)

    def _take_leaks(self, what: str, changes: list[str]) -> None:
        note_leaks = getattr(self._result, "note_leaks", None)
        if note_leaks is not None:
            note_leaks(self._test, what, changes)

    def _take_finished(self, facts: dict[str, Any]) -> None:
        self._changes += facts["changes"]
        take_warned(facts)

    def _take_ready(self, changes: list[str], _: int) -> None:
        self._changes += changes

    def _take_exited(self, left: list[str]) -> None:
        self._changes += left

    def _take_died(self, text: str, started: float, duration: float) -> None:
        if not self._broken:
            self._fail(self._error(text))
        if not self._ended:
            self._measured(started, duration)

    # --- verdicts ---

    def _error(self, text: str) -> IsolationError:
        return isolation_errors.isolation_error(f"{self._what} {owner_name(self._test)}: {text}", self._test)

    def _fail(self, error: IsolationError) -> None:
        """Report an error, instead of a success that nobody can vouch for any longer."""
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
        """A failure as unittest knows it: of the test's own class of failures, or of one below it."""
        cls, *rest = _rebuilt(details)
        own = self._test.failureException
        if [cls.__module__, cls.__qualname__] == [own.__module__, own.__qualname__]:
            cls = own  # unittest asks for this very class
        elif not issubclass(cls, own):
            cls = type(cls.__name__, (own,), {"__module__": cls.__module__, "__qualname__": cls.__qualname__})
        return (cls, *rest)

    def _tell_fixture(self, name: str, verdict: str, details: Any) -> None:
        """What befell a fixture in the worker; a result that counts tests alone is told of the test."""
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
_HARMLESS = ("success", "expected_failure", "skip")  # verdicts that an error takes the place of


def take_warned(facts: dict[str, Any]) -> None:
    """Take the violations that a worker let happen to those of this process, for the summary."""
    scopes.running.warned += map(child_reports.violation_of, facts["warned"])


def _ignore(*_: Any) -> None:
    """A frame that says nothing to results."""


def _or_success(result: Any, name: str, test: Any, details: Any) -> None:
    """Tell a result that may lack the method, as unittest does."""
    if hasattr(result, name):
        getattr(result, name)(test, details)
    else:
        result.addSuccess(test)


def _rebuilt(details: dict[str, Any]) -> Any:
    return exc_info(portable_errors.rebuild(details))


def fixture_error(verdict: str, details: Any) -> BaseException | None:
    """What a fixture, or another object than a test, has raised in a worker; None if it has not failed or skipped."""
    if verdict == "unexpected_success":
        return AssertionError("unexpected success")
    if verdict == "skip":
        return unittest.SkipTest(details)
    return None if verdict in _HARMLESS else portable_errors.rebuild(details)


def write(stream: Any, text: str) -> None:
    """Write what a worker wrote; the stream may not be able to take each of its characters."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except (AttributeError, OSError, ValueError):
        pass  # the runner has none, or it is closed


def show_warning(text: str, category: list[str], filename: str, line: int, source: str | None) -> None:
    """Show a warning that a worker's filters have let through."""
    module, name = category
    found: Any = portable_errors.known_class(module, name, Warning)
    identifier = portable_errors.class_name(name)
    if found is None:
        found = type(identifier, (Warning,), {"__module__": module})
    # One of its kind, made without its __init__, which may ask for more than a text.
    shown = type(identifier, (found,), {"__module__": module, "__str__": lambda _: text})
    source_files.note(filename)
    warnings.showwarning(Warning.__new__(shown), found, filename, line, line=source)
