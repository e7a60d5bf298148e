"""Makes the HTML report, one page that needs no other file.

    verdict, failures (the first one first), violations, history, timeline, slowest tests, all tests by class

All text that tests have produced goes through ``html_text.escaped``. If some of it did not, the page's content security
policy would still run no script but the one whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
import time

from .._base.spelling import counted
from . import html_details, html_failures, html_tests, html_text, html_trends
from .html_text import escaped
from .html_timeline import Timeline, timeline
from .test_records import BAD_OUTCOMES, OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .test_records import RunRecord, TestRecord


def _file(name: str) -> str:
    """Read a file of this package, before a test can break the functions that read files."""
    content = pkgutil.get_data(__package__, name)
    assert content is not None  # the loader of every installation can read its files
    return content.decode()


# The page shows everything without the script, which adds the search, the filters, the keys and the zoom.
STYLE, SCRIPT = _file("report.css"), _file("report.js")
_SLOWEST = 10
_FILTERS = (*OUTCOMES[:4], "flaky", *OUTCOMES[4:])


def text(run: RunRecord) -> str:
    """The report of a run."""
    numbered = list(enumerate(run.tests, start=1))
    lanes = Timeline(run)
    slowest = sorted(numbered, key=lambda item: item[1].duration, reverse=True)[:_SLOWEST]
    listed = {name for names in html_trends.changed_tests(run.trends).values() for name in names}
    rows = {number for number, record in numbered if not record.is_plain and html_tests.has_row(record)}
    rows |= {number for number, _ in slowest} | {number for number, record in numbered if record.id in listed}
    links = {record.history_name: _link(number, record) for number, record in numbered if number in rows}
    totals = run.totals()
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">',
            *_head(run, totals),
            '<body>\n<a class="skip-link" href="#main">Skip to the results</a>',
            *_header(run, totals),
            *_toolbar(run, totals),
            '<main id="main" tabindex="-1">',
            '<section id="results" hidden></section>',
            '<div id="sections">',
            *html_failures.failures(numbered, run.trends, lanes.place_of),
            *_violations(numbered),
            *html_trends.history(run.trends, links),
            *timeline(run, lanes),
            *_slowest(slowest),
            *html_tests.tests(run.trends, numbered, lanes, rows),
            f"</div></main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _head(run: RunRecord, totals: dict[str, int]) -> Iterator[str]:
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}"
    )
    yield f'<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_verdict(run, totals)}: test report</title>\n<style>{STYLE}</style>\n</head>"


def _verdict(run: RunRecord, totals: dict[str, int]) -> str:
    bad = sum(totals[outcome] for outcome in BAD_OUTCOMES)
    if bad:
        return f"{bad:,} failed"
    return "Passed" if run.successful else "Failed"


def _header(run: RunRecord, totals: dict[str, int]) -> Iterator[str]:
    look, mark = ("success", "✓") if run.successful else ("error", "✕")
    tests = counted(totals["tests"], "test")
    yield f'<header>\n<h1 class="verdict {look}"><span aria-hidden="true">{mark}</span> {_verdict(run, totals)}'
    yield f' <span class="soft">{tests} in {html_text.duration(run.duration)}</span></h1>'
    if run.ended_early is not None:
        yield f'<p class="early">The run ended early: {escaped(run.ended_early)}</p>'
    yield from _bar(run, totals)
    started = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run.started))
    not_run = f"{counted(totals['not_run'], 'test')} did not run" if totals["not_run"] else ""
    facts = [not_run, started, f"Python {run.python} on {run.platform}", f"hermetic {run.hermetic}"]
    yield f'<p class="soft meta">{" · ".join(escaped(fact) for fact in facts if fact)}</p>'
    yield f'<p class="meta"><code>{escaped(" ".join(run.command))}</code></p>'
    yield "</header>"


def _counts(run: RunRecord, totals: dict[str, int]) -> dict[str, int]:
    """The numbers of records by outcome, the flaky ones apart."""
    numbers = {outcome: totals[outcome] for outcome in _FILTERS}
    if numbers["flaky"]:
        for record in run.tests:
            numbers[record.outcome] -= record.is_flaky
    return {outcome: number for outcome, number in numbers.items() if number}


def _bar(run: RunRecord, totals: dict[str, int]) -> Iterator[str]:
    """The outcomes as parts of a bar; parts that would be too narrow to see are widened."""
    counts = _counts(run, totals)
    widths = {outcome: max(number / len(run.tests) * 1000, 6) for outcome, number in counts.items()}
    scale, x, parts = 1000 / (sum(widths.values()) or 1), 0.0, []
    for outcome, width in widths.items():
        title = f"{counts[outcome]:,} {html_text.in_words(outcome)}"
        parts.append(
            f'<rect class="{outcome}" x="{x:.1f}" width="{width * scale:.1f}" height="8"><title>{title}</title></rect>'
        )
        x += width * scale
    told = ", ".join(f"{number:,} {html_text.in_words(outcome)}" for outcome, number in counts.items())
    if parts:
        yield f'<svg class="bar" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label="{told}">'
        yield "".join(parts) + f'</svg><p class="told">{told}</p>'


def _toolbar(run: RunRecord, totals: dict[str, int]) -> Iterator[str]:
    """The search and the filters, which are hidden without the script."""
    yield '<div class="toolbar" id="toolbar" role="search" hidden><label for="search">Search</label>'
    yield '<input type="search" id="search" autocomplete="off" placeholder="Search tests  ( / )">'
    yield '<div class="controls" role="group" aria-label="Filter by outcome">'
    yield f'<button type="button" data-outcome="" aria-pressed="true">all {len(run.tests):,}</button>'
    for outcome, number in _counts(run, totals).items():
        mark = f'<span aria-hidden="true" class="{outcome}">{html_text.MARKS[outcome]}</span>'
        label = f"{mark}{html_text.in_words(outcome)} {number:,}"
        yield f'<button type="button" data-outcome="{outcome}" aria-pressed="false">{label}</button>'
    yield '</div><span id="count" role="status"></span></div>'


def _link(number: int, record: TestRecord) -> str:
    return f'<a href="#test-{number}">{escaped(record.id)}</a>'


def _violations(numbered: Sequence[tuple[int, TestRecord]]) -> Iterator[str]:
    rows = [
        f'<tr><td class="short">{escaped(violation.code)}{kind}</td><td>{_link(number, record)}</td>'
        f"<td>{html_details.deed(violation)}</td><td>{html_details.site(violation)}</td></tr>"
        for number, record in numbered
        for kind, violations in (("", record.violations), (" (warning)", record.warned))
        for violation in violations
    ]
    if rows:
        yield '<section id="violations"><h2 id="violations-title">'
        yield f'Violations <span class="soft">{len(rows):,}</span></h2>'
        columns = "<th>Code</th><th>Test</th><th>What it did</th><th>Call site</th>"
        yield from html_text.table("violations-title", columns, rows)
        yield "</section>"


def _slowest(slowest: Sequence[tuple[int, TestRecord]]) -> Iterator[str]:
    rows = [
        f'<tr><td class="number">{html_text.duration(record.duration)}</td><td>{_link(number, record)}</td>'
        f'<td class="short">{escaped(record.size or "")}</td></tr>'
        for number, record in slowest
    ]
    if rows:
        yield '<section id="slowest"><h2 id="slowest-title">Slowest tests</h2>'
        yield from html_text.table("slowest-title", '<th class="number">Duration</th><th>Test</th><th>Size</th>', rows)
        yield "</section>"
