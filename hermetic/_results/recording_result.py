"""The result of a recorded run: it hands on what it is told, and feeds a recorder.

It stands right above the result class that shows things, below what knows of violations: what comes by there is what
is shown.
"""

from __future__ import annotations

import os
import sys
import traceback
import unittest

from .._protocol import portable_errors
from .._reports.plain_text import without_colours
from .._reports.test_records import Entry
from .._stdlib import unittest_internals
from .guarded_result import GuardedResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__unittest = True

MAX_MESSAGE = 10_000  # characters of one message; its text, and output, may be longer


class RecordedResult:
    """Mixin above a result class: it hands on what it is told, and feeds its recorder."""

    hermetic_recorder: Any

    def startTest(self, test: Any) -> None:
        super().startTest(test)  # type: ignore[misc]
        self.hermetic_recorder.start(test)

    def stopTest(self, test: Any) -> None:
        if getattr(self, "buffer", False):
            self.hermetic_recorder.add_output(_buffered(sys.stdout), _buffered(sys.stderr))
        self.hermetic_recorder.stop(test)
        super().stopTest(test)  # type: ignore[misc]

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)  # type: ignore[misc]
        self.hermetic_recorder.add_success(test)

    def addError(self, test: Any, err: Any, *args: Any, **kwargs: Any) -> None:
        super().addError(test, err, *args, **kwargs)  # type: ignore[misc]
        self.hermetic_recorder.add(test, _entry("error", err, test, _last_text(self, "errors")))

    def addFailure(self, test: Any, err: Any, *args: Any, **kwargs: Any) -> None:
        super().addFailure(test, err, *args, **kwargs)  # type: ignore[misc]
        self.hermetic_recorder.add(test, _entry("failure", err, test, _last_text(self, "failures")))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)  # type: ignore[misc]
        self.hermetic_recorder.add(test, _entry("expected_failure", err, test, _last_text(self, "expectedFailures")))

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)  # type: ignore[misc]
        self.hermetic_recorder.add(test, Entry("unexpected_success"))

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)  # type: ignore[misc]
        of_test, subtest = _split(test)
        if subtest:
            self.hermetic_recorder.add_subtest(of_test)
        self.hermetic_recorder.add(
            of_test, Entry("skip", subtest, message=portable_errors.cut(str(reason), MAX_MESSAGE))
        )

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)  # type: ignore[misc]
        self.hermetic_recorder.add_subtest(test)
        if err is not None:
            outcome = "failure" if issubclass(err[0], test.failureException) else "error"
            text = _last_text(self, "failures" if outcome == "failure" else "errors")
            self.hermetic_recorder.add(test, _entry(outcome, err, subtest, text))


def make_recorded(result: Any) -> None:
    """Give a guarded result the mixin, below what knows of violations; a result that has it keeps it."""
    cls = type(result)
    if isinstance(result, RecordedResult):
        return
    shown_by = cls.__mro__[cls.__mro__.index(GuardedResult) + 1]
    recorded = type(shown_by.__name__, (RecordedResult, shown_by), {})  # comes after GuardedResult in the order
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    object.__setattr__(result, "__class__", type(cls.__name__, (cls, recorded), names))


def _buffered(stream: Any) -> str:
    return str(stream.getvalue()) if hasattr(stream, "getvalue") else ""


def _last_text(result: Any, name: str) -> str:
    """What the result shows of what it was told last."""
    entries = getattr(result, name, None)
    return without_colours(str(entries[-1][1])) if entries else ""


def _split(test: Any) -> tuple[Any, str]:
    """A test and how its subtest is told apart, if it is a subtest that the result was told of."""
    parts = unittest_internals.sub_test_parts(test)
    if parts is None:
        return test, ""
    message, params = parts
    shown = [] if message is None else [f"[{message}]"]
    pairs = (f"{name}={portable_errors.repr_of(value, '<repr() failed>')}" for name, value in params.items())
    shown += [f"({', '.join(pairs)})"] if params else []
    return test.test_case, portable_errors.cut(" ".join(shown) or "(<subtest>)", MAX_MESSAGE)


def _entry(outcome: str, err: Any, test: Any, text: str) -> Entry:
    test, subtest = _split(test)
    error, tb = err[1], err[2]
    file, line = _place_in(error, tb, test)
    shown = portable_errors.cut(text_of(error), MAX_MESSAGE)
    return Entry(outcome, subtest, class_name(err[0]), shown, portable_errors.cut(text), file, line)


def error_entry(error: BaseException, text: str) -> Entry:
    """The entry of an error that was listed without its result being told."""
    return _entry("error", (type(error), error, error.__traceback__), None, text)


def text_of(error: Any) -> str:
    """The text of an exception, or of a warning; its class may be the user's."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - anything
        return "<exception str() failed>"


def _place_in(error: Any, tb: Any, test: Any) -> tuple[str, int]:
    """The line that an error is best shown at: of a violation, its call site; else the last line of the test's file."""
    site = getattr(getattr(error, "violation", None), "site", None)
    if site is not None and site.filename:
        return site.filename, site.line
    places = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(tb)
        if "__unittest" not in frame.f_globals and not os.path.basename(frame.f_code.co_filename).startswith("<")
    ]
    if isinstance(test, unittest.TestCase):
        own = getattr(sys.modules.get(type(test).__module__), "__file__", None)
        places = [place for place in places if place[0] == own] or places
    return places[-1] if places else ("", 0)


def class_name(cls: Any) -> str:
    """The dotted name of a class; of a builtin one, its name."""
    module, name = str(getattr(cls, "__module__", "")), str(getattr(cls, "__qualname__", cls))
    return name if module in ("builtins", "") else f"{module}.{name}"
