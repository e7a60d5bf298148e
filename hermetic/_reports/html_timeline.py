"""Draws the timeline of the HTML report as SVG, with a row for each process, or for processes that took turns."""

from __future__ import annotations

from .._base.spelling import counted
from . import html_text
from .html_text import escaped
from .test_records import OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .test_records import RunRecord, TestRecord

_COLUMNS = 1000  # tests shorter than a column share a bar, which keeps the page small
_MAX_ROWS = 24  # which fit on a screen


class Timeline:
    """Where the tests of a run are in its timeline.

    With more processes than rows, as every isolated test has its own, a row is a slot: processes follow each other in
    it. If more tests than that ran at a time, they overlap.

    Attributes:
        names: the names of the rows.
        rows: the number of the row of each record, in their order.
        end: the last end of a test, in seconds since the start of the run.
    """

    def __init__(self, run: RunRecord) -> None:
        workers = dict.fromkeys(record.worker for record in run.tests if record.kind == "test")
        self.end = max((record.started + record.duration for record in run.tests), default=0.0) or 1.0
        if len(workers) <= _MAX_ROWS:
            self.names = [*workers]
            numbers = {worker: number for number, worker in enumerate(workers)}
            self.rows = [numbers.get(record.worker, 0) for record in run.tests]
        else:
            self.rows = _slots(run.tests)
            self.names = [f"slot {number + 1}" for number in range(max(self.rows) + 1)]
        self._records = run.tests

    def place_of(self, number: int) -> str:
        """The row, the start and the duration of a record, by its number from 1, for the script of the page."""
        record = self._records[number - 1]
        return f"{self.rows[number - 1]} {record.started:.4f} {record.duration:.4f}"


def _slots(records: Sequence[TestRecord]) -> list[int]:
    """The first free slot of each record; main has one to itself."""
    ends: list[float] = []
    found = [0] * len(records)
    has_main = any(record.worker == "main" for record in records)
    for index in sorted(range(len(records)), key=lambda index: records[index].started):
        record = records[index]
        if record.worker == "main":
            continue
        slot = next((slot for slot, end in enumerate(ends) if end <= record.started), len(ends))
        if slot == _MAX_ROWS - has_main:
            slot = ends.index(min(ends))
        ends[slot : slot + 1] = [record.started + record.duration]
        found[index] = slot + has_main
    return found


def timeline(run: RunRecord, lanes: Timeline) -> Iterator[str]:
    """The section of the timeline."""
    rows: list[list[TestRecord]] = [[] for _ in lanes.names]
    for row, record in zip(lanes.rows, run.tests, strict=True):
        if record.kind == "test":
            rows[row].append(record)
    if not any(rows):
        return
    yield '<section id="timeline"><h2 id="timeline-title">Timeline</h2>'
    yield '<div class="controls" id="zoom" hidden></div><div class="lanes" id="lanes">'
    for name, records in zip(lanes.names, rows, strict=True):
        if records:
            busy = html_text.duration(sum(record.duration for record in records))
            told = f"· {counted(len(records), 'test')} · {busy}"
            yield f'<span class="lane">{escaped(name)} <span class="soft">{told}</span></span>'
            yield _drawing(records, lanes.end)
    yield '</div><p class="soft axis"><span>0 s</span>'
    yield f"<span>{html_text.duration(lanes.end)}</span></p></section>"


def _drawing(records: list[TestRecord], end: float) -> str:
    bars: list[list[TestRecord]] = []
    short: dict[int, list[TestRecord]] = {}  # by column
    for record in records:
        if record.duration / end * _COLUMNS >= 1:
            bars.append([record])
        else:
            short.setdefault(_column(record, end), []).append(record)
    drawn = "".join(_bar(of_bar, end) for of_bar in [*bars, *short.values()])
    bad = sum(record.is_bad for record in records)
    first = min(record.started for record in records)
    last = max(record.started + record.duration for record in records)
    label = f"{len(records)} tests from {first:.3f} s to {last:.3f} s, {bad} of them unsuccessful"
    return f'<svg viewBox="0 0 {_COLUMNS} 20" preserveAspectRatio="none" role="img" aria-label="{label}">{drawn}</svg>'


def _column(record: TestRecord, end: float) -> int:
    return min(max(int(record.started / end * _COLUMNS), 0), _COLUMNS - 1)


def _bar(records: list[TestRecord], end: float) -> str:
    column = _column(records[0], end)
    width = min(max(records[0].duration / end * _COLUMNS, 1.5), _COLUMNS - column)
    worst = min((record.outcome for record in records), key=OUTCOMES.index)
    text = f"{len(records)} tests" if len(records) > 1 else f"{records[0].id}, {records[0].duration:.3f} s"
    title = f"<title>{escaped(text)}</title>"
    return f'<rect class="{worst}" x="{column}" y="2" width="{width:.1f}" height="16">{title}</rect>'
