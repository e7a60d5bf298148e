"""Makes the errors and warnings of isolated tests, and of tests that change their process or leave something behind."""

from __future__ import annotations

import warnings

from .._base.errors import HermeticWarning, IsolationError
from .._policy import messages
from .._protocol import tracebacks
from .._settings.current_run import current_run
from . import test_locations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def isolation_error(text: str, test: Any) -> IsolationError:
    """An H007 that points at the test."""
    return standing_at(IsolationError(f"[H007] {text}"), test)


def standing_at(error: IsolationError, test: Any) -> IsolationError:
    """The error, as if the test had raised it."""
    filename, name, line = test_locations.place_of(test)
    return error.with_traceback(tracebacks.traceback_at(filename, name, line))


def report_changes(what: str, changes: list[str], test: Any, result: Any) -> IsolationError | None:
    """Warn of what a test or a group changed and left, or return the error that it is, as the settings have it.

    Args:
        what: changed it.
        changes: for people.
        test: that the warning or the error points at.
        result: of any runner.
    """
    mode = current_run.settings.leaks
    text = f"[H007] {what} changed its process, or left something behind: {messages.summed_changes(changes)}"
    if mode == "off":
        return None
    note_leaks = getattr(result, "note_leaks", None)
    if note_leaks is not None:
        note_leaks(test, what, changes)
    try:
        if mode == "warn":
            filename, _, line = test_locations.place_of(test)
            warnings.warn_explicit(text, HermeticWarning, filename, line, type(test).__module__)
            return None
    except HermeticWarning:
        pass  # the filters make errors of warnings
    return standing_at(IsolationError(text), test)
