"""Makes the errors and warnings of isolated tests, and of tests that change their process or leave something behind."""

from __future__ import annotations

import inspect
import sys
import warnings

from .._base.errors import HermeticWarning, IsolationError
from .._policy import messages
from .._protocol import tracebacks
from .._settings.current_run import current_run
from .._stdlib import unittest_internals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def place_of(test: Any) -> tuple[str, str, int]:
    """Return the file, the name and the line of a test's method, or of its class."""
    name = unittest_internals.test_method_name(test)
    method: Any = getattr(test, "function", None) or getattr(type(test), name, None)
    code = getattr(inspect.unwrap(method) if hasattr(method, "__wrapped__") else method, "__code__", None)
    if code is None:
        module = sys.modules.get(type(test).__module__)
        return str(getattr(module, "__file__", "<unknown>")), type(test).__qualname__, 1
    return code.co_filename, code.co_name, code.co_firstlineno


def isolation_error(text: str, test: Any) -> IsolationError:
    """An H007 that points at the test."""
    return standing_at(IsolationError(f"[H007] {text}"), test)


def standing_at(error: IsolationError, test: Any) -> IsolationError:
    """The error, as if the test had raised it."""
    filename, name, line = place_of(test)
    return error.with_traceback(tracebacks.traceback_at(filename, name, line))


def report_changes(what: str, changes: list[str], test: Any, result: Any) -> IsolationError | None:
    """Warn at a test of what it or its group changed and left, or return the error, as the setting ``leaks`` says."""
    mode = current_run.settings.leaks
    text = f"[H007] {what} leaked state: {messages.summed_changes(changes)}"
    if mode == "off":
        return None
    note_leaks = getattr(result, "note_leaks", None)
    if note_leaks is not None:
        note_leaks(test, what, changes)
    try:
        if mode == "warn":
            filename, _, line = place_of(test)
            warnings.warn_explicit(text, HermeticWarning, filename, line, type(test).__module__)
            return None
    except HermeticWarning:
        pass  # the filters make errors of warnings
    return standing_at(IsolationError(text), test)
