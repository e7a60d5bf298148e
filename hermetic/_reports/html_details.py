"""Writes what the HTML report shows of one test: its row, and below it the message, the source and the output."""

from __future__ import annotations

from . import html_text
from .html_difference import difference
from .html_text import escaped
from .plain_text import path_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._base.records import Violation
    from .test_records import Entry, TestRecord, Trends

_MAX_STRIP = 20  # outcomes
_TAGS = {"new_failure": ("new failure", "bad"), "fixed": ("fixed", "good"), "slower": ("slower", "soft")}


def first_line(record: TestRecord) -> str:
    """The message of a failed test in one line, with the type of its exception."""
    bad = [entry for entry in record.entries if entry.outcome == record.outcome]
    if not bad:
        return "the run ended before this test finished" if record.outcome == "interrupted" else ""
    message = next((line for line in bad[0].message.splitlines() if line.strip()), "")
    kind = bad[0].type.rpartition(".")[2]
    is_coded = message.startswith("[H")  # the code says more than the type
    return message if is_coded or not kind else f"{kind}: {message}".rstrip(": ")


def row(number: int, record: TestRecord, trends: Trends | None, *, tags: str = "", at: str = "") -> Iterator[str]:
    """A test that can be opened.

    Args:
        tags: further tags, as HTML.
        at: where the timeline shows the test.
    """
    outcome = "flaky" if record.is_flaky else record.outcome
    message = first_line(record) if record.is_bad else record.reason
    if record.is_flaky and record.attempts:
        message = first_line(record.attempts[0])
    note = f'<span class="message">{escaped(message)}</span>' if message else ""
    yield f'<details class="test {outcome}" id="test-{number}" data-outcome="{outcome}" data-at="{at}"><summary>'
    yield f"{html_text.chip(outcome)}{html_text.name(record.id, record.name)}"
    yield f'<span class="tags">{tags}{_tags(record, trends)}</span>'
    yield f'<span class="time">{html_text.duration(record.duration)}</span>{note}</summary><div class="body">'
    yield from _body(record, trends)
    yield "</div></details>"


def brief_row(number: int, record: TestRecord, *, at: str = "") -> str:
    """A failed test in few elements, for pages with thousands: its id, and below it everything as one text."""
    texts = [entry.text or entry.message for entry in record.entries] + [record.stdout, record.stderr]
    return (
        f'<details class="test brief {record.outcome}" id="test-{number}" data-outcome="{record.outcome}"'
        f' data-at="{at}"><summary>{escaped(record.id)}</summary>'
        f"<pre>{escaped(chr(10).join(text for text in texts if text))}</pre></details>"
    )


def _tags(record: TestRecord, trends: Trends | None) -> str:
    change = trends.changes.get(record.history_name, "") if trends is not None else ""
    found = [html_text.tag(*_TAGS[change])] if change else []
    found += [html_text.tag(text) for text in (record.size, record.group) if text]
    found += [html_text.tag("warnings")] if record.warnings else []
    return "".join(found)


def _body(record: TestRecord, trends: Trends | None) -> Iterator[str]:
    yield f'<p class="id"><code>{escaped(record.id)}</code></p>'
    yield from _entries(record)
    if record.diagnosis:
        yield f"<h4>Why it is flaky</h4><p>{escaped(record.diagnosis)}</p>"
    for attempt_number, attempt in enumerate(record.attempts, start=1):
        yield f"<h4>Attempt {attempt_number}: {html_text.in_words(attempt.outcome)}</h4>"
        yield from _entries(attempt)
    told = "".join(entry.message[:6] for entry in record.entries)  # the codes of the violations that are errors
    for violation in (*(item for item in record.violations if item.code not in told), *record.warned):
        yield f"<h4>{escaped(violation.code)}</h4><p>{deed(violation)}<br>{site(violation)}</p>"
    warnings = [f"{item.file}:{item.line}: {item.category}: {item.message}" for item in record.warnings]
    blocks = {"Warnings": "\n".join(warnings), "Leaked state": "\n".join(record.leaks)}
    yield from _blocks({**blocks, "stdout": record.stdout, "stderr": record.stderr})
    outcomes = trends.outcomes(record.history_name) if trends is not None and (record.is_bad or record.attempts) else ""
    if len(outcomes) > 1:
        yield f"<h4>Last runs</h4><p>{strip(outcomes)}</p>"
    yield html_text.facts(
        {
            "defined at": f"{path_below('', record.file)}:{record.line}" if record.file else "",
            "started at": html_text.duration(record.started),
            "worker": record.worker,
            "group": record.group,
            "subtests": record.subtests,
            "skip reason": record.reason,
        }
    )


def strip(outcomes: str) -> str:
    """The outcomes of a test in its last runs, the latest last."""
    outcomes = outcomes[-_MAX_STRIP:]
    looks = {"F": ("failure", "✕"), "R": ("flaky", "≈"), "p": ("success", "✓")}
    marks = "".join(f'<span class="{looks[letter][0]}">{looks[letter][1]}</span>' for letter in outcomes)
    told = ", ".join({"F": "failed", "R": "passed on retry", "p": "passed"}[letter] for letter in outcomes)
    return f'<span class="strip" role="img" aria-label="{told}">{marks}</span>'


def _entries(record: TestRecord) -> Iterator[str]:
    for entry in record.entries:
        if entry.outcome != "skip" or entry.subtest:  # the reason of a skipped test is among its facts
            yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    subtest = f" <code>{escaped(entry.subtest)}</code>" if entry.subtest else ""
    yield f'<h4 class="{entry.outcome}">{html_text.in_words(entry.outcome).capitalize()}{subtest}</h4>'
    kind = f"{entry.type}: " if entry.type else ""
    if entry.message or kind:
        yield f'<pre class="message">{difference(kind, entry.message)}</pre>'
    if entry.source:
        yield from _excerpt(entry)
    if entry.text:
        is_open = "" if entry.source else " open"
        yield f"<details{is_open}><summary>Traceback</summary><pre>{escaped(entry.text)}</pre></details>"


def _excerpt(entry: Entry) -> Iterator[str]:
    yield f'<p class="place">{escaped(path_below("", entry.file))}:{entry.line}</p><pre class="source">'
    lines = entry.source.split("\n")
    width = len(str(entry.source_line + len(lines)))
    for number, line in enumerate(lines, start=entry.source_line):
        text = f'<span class="line">{number:>{width}}</span> {escaped(line)}'
        yield f"<mark>{text}</mark>" if number == entry.line else text
    yield "</pre>"


def _blocks(blocks: dict[str, str]) -> Iterator[str]:
    for heading, content in blocks.items():
        if content:
            yield f"<h4>{heading}</h4><pre>{escaped(content)}</pre>"


def deed(violation: Violation) -> str:
    """What a violation did."""
    return f"<code>{escaped(violation.operation.api)}</code> {escaped(violation.operation.target)}"


def site(violation: Violation) -> str:
    """The line of code that caused a violation."""
    place = violation.site
    if not place.filename:
        return "not known"
    text = f"{escaped(place.filename)}:{place.line} in {escaped(place.function)}"
    return text + (f"<br><code>{escaped(place.source)}</code>" if place.source else "")
