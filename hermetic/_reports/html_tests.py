"""Writes all tests of the HTML report, by class.

Most tests have nothing to show but their names and durations. They are lines of one text, which costs a browser a
hundredth of what rows cost, and which the script of the page turns into rows where somebody looks for them.
"""

from __future__ import annotations

from .._base.spelling import counted
from . import html_details, html_text
from .html_text import escaped
from .plain_text import identifier
from .test_records import BAD_OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .html_timeline import Timeline
    from .test_records import TestRecord, Trends


def has_row(record: TestRecord) -> bool:
    """Whether there is more to show of a test than a line."""
    return bool(
        record.is_bad
        or any(entry.outcome != "skip" or entry.subtest for entry in record.entries)
        or record.attempts
        or record.violations
        or record.warned
        or record.warnings
        or record.leaks
        or record.stdout
        or record.stderr
    )


def tests(
    trends: Trends | None, numbered: Sequence[tuple[int, TestRecord]], lanes: Timeline, rows: Collection[int]
) -> Iterator[str]:
    """The section of all tests.

    Args:
        numbered: the records of the run, with their numbers from 1.
        rows: the numbers of the tests that have a row, unless it is among the failures.
    """
    suites: dict[str, list[tuple[int, TestRecord]]] = {}
    for item in numbered:
        suites.setdefault(item[1].qualified_class or "others", []).append(item)
    yield '<section id="tests"><h2 id="tests-title" tabindex="-1">All tests</h2>'
    if not suites:
        yield '<p class="empty">No tests ran.</p>'
    for suite, items in suites.items():
        yield _summary(suite, [record for _, record in items])
        lines: list[str] = []
        for number, record in items:
            if number in rows and not (record.is_bad or record.is_flaky):
                yield from _block(lines)
                yield from html_details.row(number, record, trends, at=lanes.place_of(number))
            else:
                lines.append(_line(number, record, lanes))
        yield from _block(lines)
        yield "</details>"
    yield "</section>"


def _summary(suite: str, records: list[TestRecord]) -> str:
    bad = sum(record.is_bad for record in records)
    failed = f'<span class="outcome failure">{bad:,} failed</span>' if bad else ""
    seconds = html_text.duration(sum(record.duration for record in records))
    return (
        f'<details class="suite"><summary>{html_text.name(suite, suite.rpartition(".")[2])}'
        f'{failed}<span class="soft">{counted(len(records), "test")}</span>'
        f'<span class="time">{seconds}</span></summary>'
    )


def _block(lines: list[str]) -> Iterator[str]:
    """The lines so far, which are removed."""
    if lines:
        yield '<pre class="lines">' + "\n".join(lines) + "</pre>"
        lines.clear()


def _line(number: int, record: TestRecord, lanes: Timeline) -> str:
    """A test in one line: its mark, duration, start, process, size and name, and why it was skipped."""
    outcome = "flaky" if record.is_flaky else record.outcome
    name = escaped(identifier(record.name or record.id))
    if outcome in BAD_OUTCOMES or outcome == "flaky":
        name = f'<a href="#test-{number}">{name}</a>'
    place = escaped(lanes.names[lanes.rows[number - 1]]) if lanes.names else ""
    parts = [
        f"{html_text.MARKS[outcome]} {record.duration:.3f} s",
        f"at {record.started:.3f} s",
        place,
        escaped(record.size or ""),
        name,
    ]
    return "\t".join([*parts, escaped(identifier(record.reason))] if record.reason else parts)
