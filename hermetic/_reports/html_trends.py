"""Writes the history of the HTML report: the last runs as a chart, and what has changed since."""

from __future__ import annotations

import time

from .._base.spelling import counted
from . import html_details, html_text
from .html_text import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._base.records import PastRun
    from .test_records import FlakyTest, Trends

_HEIGHT, _WIDTH = 60, 10  # of a bar of the chart, in its own units
_MAX_LISTED = 10  # tests of one kind
_TITLES = {"new_failure": "New failures", "fixed": "Fixed", "slower": "Slower"}


def changed_tests(trends: Trends | None) -> dict[str, list[str]]:
    """The names of the tests that the section lists, by kind."""
    found: dict[str, list[str]] = {kind: [] for kind in _TITLES}
    for name, kind in trends.changes.items() if trends is not None else ():
        if len(found[kind]) < _MAX_LISTED:
            found[kind].append(name)
    return found


def history(trends: Trends | None, links: Mapping[str, str]) -> Iterator[str]:
    """The section on earlier runs.

    Args:
        links: the links to tests, as HTML, by their names.
    """
    if trends is None:
        return
    yield '<section id="history"><h2 id="history-title">History</h2>'
    if not trends.runs:
        yield '<p class="empty">This is the first run in the history. The next report compares with it.</p></section>'
        return
    yield from _chart([*trends.runs, trends.now])
    yield '<div class="columns">'
    for kind, names in changed_tests(trends).items():
        yield from _changes(kind, names, sum(change == kind for change in trends.changes.values()), links)
    yield "</div>"
    yield from _flaky(trends, links)
    yield "</section>"


def _chart(runs: list[PastRun]) -> Iterator[str]:
    """A bar for each run, as high as it has tests, with the part that failed."""
    most = max(run.tests for run in runs) or 1
    bars = []
    for index, run in enumerate(runs):
        height = max(run.tests / most * _HEIGHT, 1)
        bad = min(max(run.failures / most * _HEIGHT, 3), _HEIGHT) if run.failures else 0
        x = index * _WIDTH
        parts = ((_HEIGHT - height, max(height - bad, 0), "success"), (_HEIGHT - bad, bad, "failure"))
        rects = "".join(
            f'<rect class="{look}" x="{x + 1}" y="{y:.1f}" width="{_WIDTH - 2}" height="{h:.1f}"/>'
            for y, h, look in parts
            if h
        )
        bars.append(f"<g><title>{_told(run)}</title>{rects}</g>")
    failed = sum(bool(run.failures) for run in runs)
    before = sorted(run.seconds for run in runs[:-1])[(len(runs) - 1) // 2]
    told = (
        f"{counted(len(runs), 'run')}, {failed} with failures. The median of the earlier ones took"
        f" {html_text.duration(before)}, and this one {html_text.duration(runs[-1].seconds)}."
    )
    yield f'<svg class="chart" viewBox="0 0 {max(len(runs), 20) * _WIDTH} {_HEIGHT}" role="img" aria-label="{told}"'
    yield f'preserveAspectRatio="xMinYMax meet">{"".join(bars)}</svg><p class="soft">{told}</p>'


def _told(run: PastRun) -> str:
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started))
    return f"{date}: {counted(run.tests, 'test')}, {run.failures} failed, {html_text.duration(run.seconds)}"


def _changes(kind: str, names: list[str], number: int, links: Mapping[str, str]) -> Iterator[str]:
    yield f'<div><h3>{_TITLES[kind]} <span class="soft">{number:,}</span></h3>'
    if names:
        yield "<ul>" + "".join(f"<li>{links.get(name, escaped(name))}</li>" for name in names)
        yield f'<li class="soft">and {number - len(names):,} more</li></ul>' if number > len(names) else "</ul>"
    else:
        yield '<p class="empty">None</p>'
    yield "</div>"


def _flaky(trends: Trends, links: Mapping[str, str]) -> Iterator[str]:
    yield '<h3 id="over-time">Flaky over time</h3>'
    if not trends.flaky:
        yield '<p class="empty">No test has failed and passed with the same code.</p>'
        return
    rows = [
        f"<tr><td>{links.get(test.id, escaped(test.id))}</td><td>{html_details.strip(trends.outcomes(test.id))}</td>"
        f'<td class="short">{_counts(test)}</td><td class="short">{_ago(test.runs_ago)}</td></tr>'
        for test in trends.flaky
    ]
    columns = "<th>Test</th><th>Last runs</th><th>Outcomes</th><th>Last seen</th>"
    yield from html_text.table("over-time", columns, rows)


def _counts(test: FlakyTest) -> str:
    kinds = ((test.failed, "failed"), (test.retried, "passed on retry"), (test.passed, "passed"))
    return ", ".join(f"{number} {kind}" for number, kind in kinds if number)


def _ago(runs: int) -> str:
    return "in this run" if runs == 0 else f"{counted(runs, 'run')} ago"
