"""Writes the failures of the HTML report: the first one first, and those with one cause together."""

from __future__ import annotations

import re

from .._base.spelling import counted
from . import html_details, html_text
from .html_text import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .test_records import Entry, TestRecord, Trends

_SHOWN = 5  # tests with one cause that are in view
_MAX_ROWS = 1000  # of all failed tests; the rest are brief, because each row costs a browser twenty elements
_FRAME = re.compile(r'^  File "(.+)", line (\d+), in ', re.MULTILINE)
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d+|(?<=/)hermetic-[\w-]+|(?<=/)tmp\w+")


def cause(record: TestRecord) -> tuple[str, ...]:
    """What tests that failed for one reason have in common.

    A violation: what was done. A failed assertion: its line, which may be in a helper. Another exception: its type and
    its message, without the numbers.
    """
    if record.violations:
        operation = record.violations[0].operation
        return record.violations[0].code, operation.api, operation.target
    entry = next((entry for entry in record.entries if entry.outcome == record.outcome), None)
    if entry is None:
        return (record.outcome,)
    if entry.outcome == "failure" or not entry.message:
        return entry.type, *_deepest(entry)
    return entry.type, _VARYING.sub("N", entry.message.partition("\n")[0].replace(record.id, "TEST"))


def _deepest(entry: Entry) -> tuple[str, str]:
    """The file and the number of the last line of a traceback."""
    found = _FRAME.findall(entry.text)
    return found[-1] if found else (entry.file, str(entry.line))


def failures(
    numbered: Sequence[tuple[int, TestRecord]], trends: Trends | None, place_of: Callable[[int], str]
) -> Iterator[str]:
    """The sections of what failed, and of what was flaky.

    Args:
        numbered: the records of the run, with their numbers from 1.
        place_of: where the timeline shows a record, by its number.
    """
    bad = sorted((item for item in numbered if item[1].is_bad), key=lambda item: item[1].started)
    flaky = [item for item in numbered if item[1].is_flaky and not item[1].is_bad]
    if bad:
        causes: dict[tuple[str, ...], list[tuple[int, TestRecord]]] = {}
        for item in bad:
            causes.setdefault(cause(item[1]), []).append(item)
        of = f' <span class="soft">{counted(len(causes), "cause")}</span>' if len(causes) < len(bad) else ""
        yield f'<section id="failures"><h2 id="failures-title">Failures{of}</h2>'
        yield from _grouped([*causes.values()], trends, place_of)
        yield "</section>"
    if flaky:
        yield '<section id="flaky"><h2>Flaky <span class="soft">failed, and passed on retry</span></h2>'
        for number, record in flaky:
            yield from html_details.row(number, record, trends, at=place_of(number))
        yield "</section>"


def _grouped(
    causes: Sequence[Sequence[tuple[int, TestRecord]]], trends: Trends | None, place_of: Callable[[int], str]
) -> Iterator[str]:
    """The tests of each cause."""
    total = sum(map(len, causes))
    left = _MAX_ROWS
    for items in causes:
        if len(items) > 1:
            yield f'<div class="cause"><h3>{counted(len(items), "test")} with one cause</h3>'
            yield f'<p class="message">{escaped(html_details.first_line(items[0][1]))}</p>'
        for index, (number, record) in enumerate(items):
            if index == _SHOWN:
                yield f'<details class="more"><summary>{len(items) - _SHOWN:,} more</summary>'
            if left:
                tags = html_text.tag("failed first", "bad") if total > 1 and left == _MAX_ROWS else ""
                yield from html_details.row(number, record, trends, tags=tags, at=place_of(number))
                left -= 1
            else:
                yield html_details.brief_row(number, record, at=place_of(number))
        yield ("</details>" if len(items) > _SHOWN else "") + ("</div>" if len(items) > 1 else "")
