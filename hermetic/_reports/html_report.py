"""Makes the HTML report, one page that needs no other file.

    totals, violations, timeline, slowest tests, then all tests, the failed ones first

All text that tests have produced goes through ``_shown``. If some of it did not, the page's content security policy
would still run no script but the one whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time

from .html_assets import SCRIPT, STYLE
from .html_timeline import timeline
from .plain_text import visible
from .test_records import BAD_OUTCOMES, OUTCOMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._base.records import Violation
    from .test_records import Entry, RunRecord, TestRecord

_SLOWEST = 10
_PLAIN = re.compile(r"[\w .:,/()-]*", re.ASCII).fullmatch  # the texts that are shown as they are


def text(run: RunRecord) -> str:
    """The report of a run."""
    numbered = list(enumerate(run.tests, start=1))
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">',
            *_head(run),
            '<body>\n<a class="skip-link" href="#tests">Skip to the tests</a>',
            *_header(run),
            "<main>",
            *_violations(numbered),
            *timeline(run, _shown),
            *_slowest(numbered),
            *_tests(run, numbered),
            f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def _shown(value: object) -> str:
    """A value as HTML text, safe in elements and attributes."""
    text = str(value)
    return text if _PLAIN(text) else html.escape(visible(text))


def _words(outcome: str) -> str:
    return outcome.replace("_", " ")


def _seconds(duration: float) -> str:
    return f"{duration:.3f} s"


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _head(run: RunRecord) -> Iterator[str]:
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}"
    )
    verdict = "passed" if run.successful else "failed"
    yield f'<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Test report: {verdict}</title>\n<style>{STYLE}</style>\n</head>"


def _header(run: RunRecord) -> Iterator[str]:
    totals = run.totals()
    verdict, look = ("The run passed.", "success") if run.successful else ("The run failed.", "error")
    yield f'<header>\n<h1>Test report</h1>\n<p class="verdict {look}">{verdict}</p>'
    if run.ended_early is not None:
        yield f'<p class="error">The run ended early: {_shown(run.ended_early)}</p>'
    shown = {
        name: count for name, count in totals.items() if count or name in ("tests", "error", "failure", "violations")
    }
    counts = "".join(f"<div><dt>{_words(name)}</dt><dd>{count}</dd></div>" for name, count in shown.items())
    yield f'<dl class="totals">{counts}</dl>'
    started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(run.started))
    yield _facts(
        {
            "started": started,
            "duration": _seconds(run.duration),
            "command": " ".join(run.command),
            "Python": f"{run.python}, {run.platform}",
            "hermetic": run.hermetic,
        }
    )
    yield "</header>"


def _facts(facts: dict[str, object]) -> str:
    items = "".join(f"<dt>{name}</dt><dd>{_shown(value)}</dd>" for name, value in facts.items() if value)
    return f'<dl class="facts">{items}</dl>'


def _link(number: int, record: TestRecord) -> str:
    return f'<a href="#test-{number}">{_shown(record.id)}</a>'


def _table(label: str, columns: str, rows: list[str]) -> Iterator[str]:
    yield f'<div class="scrolls" tabindex="0" role="region" aria-labelledby="{label}"><table>'
    yield f"<thead><tr>{columns}</tr></thead><tbody>"
    yield from rows
    yield "</tbody></table></div>"


def _violations(numbered: list[tuple[int, TestRecord]]) -> Iterator[str]:
    rows = [
        f'<tr><td class="short">{violation.code}{kind}</td><td>{_link(number, record)}</td><td>{_deed(violation)}</td>'
        f"<td>{_site(violation)}</td></tr>"
        for number, record in numbered
        for kind, violations in (("", record.violations), (" (warning)", record.warned))
        for violation in violations
    ]
    yield '<section>\n<h2 id="violations">Violations</h2>'
    if rows:
        yield from _table("violations", "<th>Code</th><th>Test</th><th>What it did</th><th>Call site</th>", rows)
    else:
        yield "<p>None.</p>"
    yield "</section>"


def _deed(violation: Violation) -> str:
    return f"<code>{_shown(violation.operation.api)}</code> {_shown(violation.operation.target)}"


def _site(violation: Violation) -> str:
    site = violation.site
    if not site.filename:
        return "not known"
    place = f"{_shown(site.filename)}:{site.line} in {_shown(site.function)}"
    return place + (f"<br><code>{_shown(site.source)}</code>" if site.source else "")


def _slowest(numbered: list[tuple[int, TestRecord]]) -> Iterator[str]:
    slowest = sorted(numbered, key=lambda item: item[1].duration, reverse=True)[:_SLOWEST]
    rows = [
        f'<tr><td class="number">{_seconds(record.duration)}</td><td>{_link(number, record)}</td>'
        f'<td class="short">{_shown(record.size or "")}</td></tr>'
        for number, record in slowest
    ]
    yield '<section>\n<h2 id="slowest">Slowest tests</h2>'
    yield from _table("slowest", '<th class="number">Duration</th><th>Test</th><th>Size</th>', rows)
    yield "</section>"


def _tests(run: RunRecord, numbered: list[tuple[int, TestRecord]]) -> Iterator[str]:
    totals = run.totals()
    present = [outcome for outcome in OUTCOMES if totals[outcome]]
    yield '<section>\n<h2 id="tests" tabindex="-1">Tests</h2>\n<div class="controls" id="controls" hidden>'
    yield '<div class="controls" role="group" aria-label="Filter by outcome">'
    yield f'<button type="button" data-outcome="" aria-pressed="true">all {len(run.tests)}</button>'
    for outcome in present:
        label = f"{_words(outcome)} {totals[outcome]}"
        yield f'<button type="button" data-outcome="{outcome}" aria-pressed="false">{label}</button>'
    yield '</div>\n<label for="search">Search</label> <input type="search" id="search" autocomplete="off">'
    for action in ("Open", "Close"):
        yield f'<button type="button" id="{action.lower()}-all">{action} all</button>'
    yield '<span id="count" role="status"></span>\n</div>'
    for number, record in sorted(numbered, key=lambda item: item[1].outcome not in BAD_OUTCOMES):
        yield from _test(number, record)
    yield "</section>"


def _test(number: int, record: TestRecord) -> Iterator[str]:
    outcome = record.outcome
    place = record.group or ("" if record.worker == "main" else record.worker)
    notes = [record.size, place, "with warnings" if record.warnings else ""]
    yield f'<details id="test-{number}" data-outcome="{outcome}"><summary>'
    yield f'<span class="outcome {outcome}">{_words(outcome)}</span><span class="name">{_shown(record.id)}</span>'
    yield f"<span>{_shown(', '.join(note for note in notes if note))}</span>"
    yield f'<span class="time">{_seconds(record.duration)}</span></summary><div>'
    yield _facts(
        {
            "defined at": f"{record.file}:{record.line}" if record.file else "",
            "started at": _seconds(record.started),
            "worker": record.worker,
            "group": record.group,
            "subtests": record.subtests,
            "skip reason": record.reason,
        }
    )
    for entry in record.entries:
        yield from _entry(entry)
    for violation in record.violations + record.warned:
        yield f"<h3>{violation.code}</h3><p>{_deed(violation)}<br>{_site(violation)}</p>"
    warnings = [f"{item.file}:{item.line}: {item.category}: {item.message}" for item in record.warnings]
    yield from _blocks({"warnings": "\n".join(warnings), "leaked state": "\n".join(record.leaks)})
    yield from _blocks({"stdout": record.stdout, "stderr": record.stderr})
    yield "</div></details>"


def _entry(entry: Entry) -> Iterator[str]:
    if entry.outcome == "skip" and not entry.subtest:
        return  # the reason is among the facts
    yield f'<h3 class="{entry.outcome}">{_words(entry.outcome)} {_shown(entry.subtest)}</h3>'
    if entry.text or entry.message:
        yield f"<pre>{_shown(entry.text or entry.message)}</pre>"


def _blocks(blocks: dict[str, str]) -> Iterator[str]:
    for name, content in blocks.items():
        if content:
            yield f"<h3>{name}</h3><pre>{_shown(content)}</pre>"
