"""Shows failures when they happen, and lists the failed tests in the summary, with the place of each."""

from __future__ import annotations

import unittest

from .._operations import callsite
from .._results.listeners import Listener
from .._stdlib import unittest_internals
from .._terminal import colours
from .._verdicts.scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, TextIO

_MOST = 50  # failed tests that are listed
_MOST_CHARACTERS = 200  # of the line of each


class FailureListener(Listener):
    """Passes every kind of failure to one method."""

    def on_failure(self, test: Any, error: BaseException | None) -> None:
        """A test, a subtest, a fixture or another thing has gone wrong.

        Args:
            error: its exception; None if the result got none.
        """
        raise NotImplementedError

    def addError(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self.on_failure(test, _exception(*args, **kwargs))

    def addFailure(self, test: Any, *args: Any, **kwargs: Any) -> None:
        self.on_failure(test, _exception(*args, **kwargs))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self.on_failure(subtest, _exception(err))


def _exception(err: Any = None, **_: Any) -> BaseException | None:
    """The exception that a result got: in ``exc_info``, or in a ``Failure`` of trial."""
    found = err[1] if isinstance(err, tuple) else getattr(err, "value", None)
    return found if isinstance(found, BaseException) else None


def shown_frames(error: BaseException | None) -> list[TracebackType]:
    """The entries of a traceback that unittest shows: all but the frames of unittest and hermetic."""
    found, traceback = [], None if error is None else error.__traceback__
    while traceback is not None:
        if "__unittest" not in traceback.tb_frame.f_globals:
            found.append(traceback)
        traceback = traceback.tb_next
    return found


def users_frame(frames: list[TracebackType]) -> TracebackType:
    """The innermost entry of a traceback in the user's code; the last entry if none is there."""
    own = [entry for entry in frames if callsite.is_users(entry.tb_frame.f_code.co_filename)]
    return (own or frames)[-1]


class ImmediateFailures(FailureListener):
    """Shows each failure when it happens, instead of at the end of the run.

    Args:
        result: of the run.
    """

    def __init__(self, result: Any) -> None:
        self._result = result

    def on_failure(self, test: Any, error: BaseException | None) -> None:
        result, shows_text = self._result, isinstance(self._result, unittest.TextTestResult)
        if shows_text and error is not None:
            if result.dots or not unittest_internals.is_on_new_line(result, test):
                result.stream.writeln()
            result.show_new_errors()


class FailedTests(FailureListener):
    """Lists the failed tests of a run in its summary."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}  # by the id of the test

    def on_failure(self, test: Any, error: BaseException | None) -> None:
        owner = getattr(test, "test_case", test)  # of a subtest
        lines = self._lines.setdefault(owner_name(owner), [])
        if error is None:
            return
        line = f"{type(error).__name__}: {_first_line(error)}".removesuffix(": ")
        frames = shown_frames(error)
        if frames:
            place = users_frame(frames)
            line = f"{callsite.shown_path(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}: {line}"
        lines.append(line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}\u2026")

    def addUnexpectedSuccess(self, test: Any, *_: Any, **__: Any) -> None:
        self._lines.setdefault(owner_name(test), []).append("unexpected success")

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        if not self._lines:
            return []
        shown = [*self._lines.items()][:_MOST]
        listed = [text for name, lines in shown for text in (f"  {name}", *(f"    {line}" for line in lines))]
        left = len(self._lines) - len(shown)
        found = ["failed tests:", *listed, *([f"  and {left} more"] if left else [])]
        return colours.of_headings(found, colours.RED) if colours.are_wanted(stream) else found


def _first_line(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of the user's
        return ""
    return "".join(character for character in text.strip().partition("\n")[0] if character.isprintable())
