"""Makes the entries of a test's record from the outcomes that a result gets."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import traceback
import unittest

from .._base import real
from .._protocol import portable_errors
from .._reports.plain_text import without_colours
from .._reports.test_records import Entry
from .._stdlib import unittest_internals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_READ = 4  # items of an entry of linecache whose file was read; one that is yet to be read has a single item
_LINES_BEFORE, _LINES_AFTER = 4, 2  # of the line that failed
MAX_MESSAGE = 10_000  # characters of one message; its text, and output, may be longer


def split(test: Any) -> tuple[Any, str]:
    """Return a test and the name of its subtest; the name is empty if the test is no subtest."""
    parts = unittest_internals.sub_test_parts(test)
    if parts is None:
        return test, ""
    message, params = parts
    shown = [] if message is None else [f"[{message}]"]
    pairs = (f"{name}={portable_errors.repr_of(value, '<repr() failed>')}" for name, value in params.items())
    shown += [f"({', '.join(pairs)})"] if params else []
    return test.test_case, portable_errors.cut(" ".join(shown) or "(<subtest>)", MAX_MESSAGE)


def skip_entry(subtest: str, reason: str) -> Entry:
    """Make the entry of a skipped test, or of its subtest."""
    return Entry("skip", subtest, message=portable_errors.cut(str(reason), MAX_MESSAGE))


_LISTS = {"error": "errors", "failure": "failures", "expected_failure": "expectedFailures"}  # of results, by outcome


def error_entry(outcome: str, err: Any, test: Any, result: Any) -> Entry:
    """Make the entry of an exception.

    Args:
        test: the test or the subtest.
        result: the result, which has just shown the exception.
    """
    of_test, subtest = split(test)
    error, tb = err[1], err[2]
    file, line = _place_in(error, tb, of_test)
    message = portable_errors.cut(text_of(error), MAX_MESSAGE)
    shown = getattr(result, _LISTS[outcome], None)
    text = portable_errors.cut(without_colours(str(shown[-1][1])) if shown else "")
    source, first = _lines_around(file, line)
    return Entry(outcome, subtest, class_name(err[0]), message, text, file, line, source, first)


def _lines_around(file: str, line: int) -> tuple[str, int]:
    """The lines around a line, and the number of the first of them, if the traceback that was shown has read them."""
    known: Any = linecache.cache.get(file)
    with contextlib.suppress(FileNotFoundError):  # a test has removed the current folder
        known = known or linecache.cache.get(f"{real.get_cwd()}{os.sep}{file}")
    is_read = known is not None and len(known) == _READ
    lines = known[2] if is_read else ()
    if not 0 < line <= len(lines):
        return "", 0
    first = max(line - _LINES_BEFORE, 1)
    shown = "".join(lines[first - 1 : line + _LINES_AFTER]).rstrip("\n")
    return portable_errors.cut(shown, MAX_MESSAGE), first


def text_of(error: Any) -> str:
    """Return the text of an exception, or of a warning, whose class may be the user's."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - anything
        return "<exception str() failed>"


def _place_in(error: Any, tb: Any, test: Any) -> tuple[str, int]:
    """Return the line to show an error at: the call site of a violation, else the last line in the test's file."""
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
    """Return the dotted name of a class; the name alone for a builtin class."""
    module, name = str(getattr(cls, "__module__", "")), str(getattr(cls, "__qualname__", cls))
    return name if module in ("builtins", "") else f"{module}.{name}"
