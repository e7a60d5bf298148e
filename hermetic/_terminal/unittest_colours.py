"""Colours the text of unittest as unittest does itself from Python 3.14 on, on the Pythons before.

unittest writes marks, headings and tracebacks in separate calls, so each text can be told by its form.
"""

from __future__ import annotations

import itertools
import re

from .._base import features
from . import colours
from .colours import RED, RESET, YELLOW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

GREEN, MAGENTA, BOLD_RED, BOLD_MAGENTA = "\x1b[32m", "\x1b[35m", "\x1b[1;31m", "\x1b[1;35m"
_COLOURS = {
    **dict.fromkeys((".", "ok", "OK"), GREEN),
    **dict.fromkeys(("E", "F", "u", "ERROR", "FAIL", "unexpected success"), RED),
    **dict.fromkeys(("s", "x", "expected failure", "flaky", "NO TESTS RAN"), YELLOW),
    "FAILED": BOLD_RED,
}
_COUNT_COLOURS = {"failures": BOLD_RED, "errors": BOLD_RED, "unexpected successes": RED}
_HEADING = re.compile(r"(ERROR|FAIL|UNEXPECTED SUCCESS): (.*)", re.DOTALL)
_COUNT = r"(?:[a-z]+ )?[a-z]+=\d+"
_COUNTS = re.compile(rf" \({_COUNT}(?:, {_COUNT})*\)")
_SKIPPED = re.compile(r"skipped(?= ['\"])")
# Of tracebacks; those in exception groups begin with a bar in each line.
_FRAME = re.compile(r'(?m)^((?: +\| )?  File )(".*"), line (\d+), in (.+)$')
_MARKED = re.compile(r"(?m)^((?: +\| )?    .*)\n((?: +\| )?    [ ~^]*[~^])$")
_GROUPED = re.compile(r"(?m)^( +\| )(?!Traceback |During |The above |Exception Group )([^\s:]+)(?:: (.*))?$")
# The last line of a traceback, with all of its message.
_BEGINNING = "Traceback (most recent call last):\n"
_EXCEPTION = re.compile(
    r"(?m)^(?!Traceback |During handling |The above exception |  )([^\s:][^\s:]*)"
    r"(?:: ((?s:.*?)))?(?=\n\n(?:During handling|The above exception|Std(?:out|err):)|\n?\Z)"
)


def colour(stream: Any) -> None:
    """Colour what unittest writes to the stream of a result, if colours are wanted and unittest adds none."""
    is_decorated = hasattr(stream, "writeln") and hasattr(stream, "stream")
    if is_decorated and not features.UNITTEST_HAS_COLOURS and colours.are_wanted(stream):
        write = stream.write
        if getattr(write, "__func__", None) is not _Writer.write:  # in an earlier run of the same runner
            stream.write = _Writer(write).write


class _Writer:
    """Writes texts with their colours."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write

    def write(self, text: str) -> Any:
        return self._write(coloured(text))


def coloured(text: str) -> str:
    """Return a text that unittest writes in one call, with its colours."""
    found = _COLOURS.get(text)
    if found is not None:
        return f"{found}{text}{RESET}"
    if text.startswith((_BEGINNING, "  + Exception Group Traceback ")):
        return _traceback(text)
    heading = _HEADING.fullmatch(text)
    if heading is not None:
        word, rest = heading.groups()
        ends = "" if word == "UNEXPECTED SUCCESS" else RESET
        return f"{RED}{word}{ends}{BOLD_RED}: {rest}{RESET}"
    if _COUNTS.fullmatch(text):
        return re.sub(_COUNT, _count, text)
    return _SKIPPED.sub(f"{YELLOW}skipped{RESET}", text) if _SKIPPED.match(text) else text


def _count(found: re.Match[str]) -> str:
    colour = _COUNT_COLOURS.get(found[0].partition("=")[0], YELLOW)
    return f"{colour}{found[0]}{RESET}"


def _traceback(text: str) -> str:
    text = _EXCEPTION.sub(_exception, text, count=max(text.count(_BEGINNING), 1))
    text = _GROUPED.sub(lambda found: found[1] + _named(found[2], found[3]), text)
    return _FRAME.sub(_frame, _MARKED.sub(_marked, text))


def _frame(found: re.Match[str]) -> str:
    file, line, name = (f"{MAGENTA}{part}{RESET}" for part in found.groups()[1:])
    return f"{found[1]}{file}, line {line}, in {name}"


def _exception(found: re.Match[str]) -> str:
    return _named(found[1], found[2])


def _named(name: str, message: str | None) -> str:
    return f"{BOLD_MAGENTA}{name}{RESET}" + ("" if message is None else f": {MAGENTA}{message}{RESET}")


def _marked(found: re.Match[str]) -> str:
    """Colour what is marked in a line of source, and the marks below it."""
    source, marks = found.groups()
    pairs = itertools.zip_longest(source, marks.ljust(len(source)), fillvalue=" ")
    lines = ["", ""]
    for mark, group in itertools.groupby(pairs, key=lambda pair: pair[1]):
        colour = {"^": BOLD_RED, "~": RED}.get(mark)
        parts = ["".join(part) for part in zip(*group, strict=True)]
        for number, part in enumerate(parts):
            lines[number] += part if colour is None else f"{colour}{part}{RESET}"
    return "\n".join(line.rstrip() for line in lines)
