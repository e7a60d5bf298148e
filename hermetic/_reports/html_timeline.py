"""Draws the timeline of the HTML report as SVG, with a row for each worker and each isolation group."""

from __future__ import annotations

from .test_records import OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .test_records import RunRecord, TestRecord

_COLUMNS = 1000  # tests shorter than a column share a bar, which keeps the page small
_MAX_ROWS = 60
_REST = "others"


def timeline(run: RunRecord, shown: Callable[[object], str]) -> Iterator[str]:
    """The section of the timeline."""
    rows: dict[str, list[TestRecord]] = {}
    for record in run.tests:
        if record.kind == "test":
            name = record.group or record.worker
            rows.setdefault(name if name in rows or len(rows) < _MAX_ROWS else _REST, []).append(record)
    end = max((record.started + record.duration for record in run.tests), default=0.0) or 1.0
    yield '<section>\n<h2 id="timeline">Timeline</h2>'
    yield f"<p>Each row is a worker or an isolation group. The axis is from 0 to {end:.3f} s of the run.</p>"
    yield '<div class="scrolls" tabindex="0" role="region" aria-labelledby="timeline"><table class="timeline">'
    yield '<thead><tr><th>Where</th><th>When</th><th class="number">Tests</th><th class="number">Processes</th>'
    yield '<th class="number">Busy</th></tr></thead><tbody>'
    for name, records in rows.items():
        busy = sum(record.duration for record in records)
        yield f'<tr><th scope="row">{shown(name)}</th><td>{_drawing(records, end, shown)}</td>'
        yield f'<td class="number">{len(records)}</td><td class="number">{len({r.worker for r in records})}</td>'
        yield f'<td class="number">{busy:.3f} s</td></tr>'
    yield "</tbody></table></div>\n</section>"


def _drawing(records: list[TestRecord], end: float, shown: Callable[[object], str]) -> str:
    bars: list[list[TestRecord]] = []
    short: dict[int, list[TestRecord]] = {}  # by column
    for record in records:
        if record.duration / end * _COLUMNS >= 1:
            bars.append([record])
        else:
            short.setdefault(_column(record, end), []).append(record)
    drawn = "".join(_bar(of_bar, end, shown) for of_bar in [*bars, *short.values()])
    bad = sum(record.is_bad for record in records)
    first = min(record.started for record in records)
    last = max(record.started + record.duration for record in records)
    label = f"{len(records)} tests from {first:.3f} s to {last:.3f} s, {bad} of them unsuccessful"
    return f'<svg viewBox="0 0 {_COLUMNS} 20" preserveAspectRatio="none" role="img" aria-label="{label}">{drawn}</svg>'


def _column(record: TestRecord, end: float) -> int:
    return min(max(int(record.started / end * _COLUMNS), 0), _COLUMNS - 1)


def _bar(records: list[TestRecord], end: float, shown: Callable[[object], str]) -> str:
    column = _column(records[0], end)
    width = min(max(records[0].duration / end * _COLUMNS, 1.5), _COLUMNS - column)
    worst = min((record.outcome for record in records), key=OUTCOMES.index)
    text = f"{len(records)} tests" if len(records) > 1 else f"{records[0].id}, {records[0].duration:.3f} s"
    return (
        f'<rect class="{worst}" x="{column}" y="2" width="{width:.1f}" height="16"><title>{shown(text)}</title></rect>'
    )
