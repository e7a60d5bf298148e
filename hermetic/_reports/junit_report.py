"""Makes the JUnit XML report in Jenkins' schema, which GitLab, Azure, CircleCI, Bazel and others read.

Each class is one <testsuite>, because CI systems fold suites and fixtures fail by class. With one suite for a module, a
failed setUpClass would appear among the tests of other classes. The schema has no properties of a test case, so the
size and the violations of each test are properties of its suite. It has no place of a test case either, but GitLab,
CircleCI and others read the attributes ``file`` and ``line``, which pytest's own format has.

A test case has one result. Where there are several, readers disagree: some take the first failure and drop the error,
some show one of each kind, and Jenkins prefers a skip.
"""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree as ET

from .plain_text import identifier, one_line, path_below, visible
from .test_records import BAD_OUTCOMES, Entry, TestRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .test_records import RunRecord

_MAX_MESSAGE = 1000  # characters of an attribute; the text of the element is complete
# The element of each outcome; other outcomes have none.
_ELEMENTS = {
    "error": "error",
    "failure": "failure",
    "unexpected_success": "failure",
    "interrupted": "error",
    "expected_failure": "skipped",
    "skip": "skipped",
}
_IN_QUOTES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}
)
_SPECIAL = re.compile('[&<>"\r\n\t]').search
_COUNTED_AS = {"error": "errors", "failure": "failures", "skipped": "skipped"}


def text(run: RunRecord, *, is_strict: bool = False) -> str:
    """The report of a run.

    Args:
        is_strict: whether to keep to Jenkins' schema, which has no ``file`` and ``line`` of a test case.
    """
    root = ET.Element("testsuites", name="hermetic", time=_seconds(run.duration))
    suites: dict[str, list[TestRecord]] = {}
    for record in [*run.tests, *_end_of(run)]:
        suites.setdefault(record.qualified_class or record.name, []).append(record)
    totals = {"tests": 0, "failures": 0, "errors": 0}
    named = set() if is_strict else {record.file for record in run.tests if record.file}
    files = {file: visible(path_below("", file)) for file in named}
    for number, (name, records) in enumerate(suites.items()):
        suite = _suite(root, run.started, name, records, files)
        suite.set("id", str(number))
        for count in totals:
            totals[count] += int(suite.attrib[count])
    root.attrib.update({name: str(count) for name, count in totals.items()})
    return "\n".join([*_add_lines(['<?xml version="1.0" encoding="UTF-8"?>'], root), ""])


def _add_lines(lines: list[str], element: ET.Element, indent: str = "") -> list[str]:
    """Add the lines of an element, as ``ET.indent`` and ``ET.tostring`` write it, in a fifth of their time."""
    attributes = "".join([f' {name}="{_in_quotes(value)}"' for name, value in element.items()])
    if element.text is not None:
        lines.append(f"{indent}<{element.tag}{attributes}>{_in_element(element.text)}</{element.tag}>")
    elif len(element):
        lines.append(f"{indent}<{element.tag}{attributes}>")
        for child in element:
            _add_lines(lines, child, f"{indent} ")
        lines.append(f"{indent}</{element.tag}>")
    else:
        lines.append(f"{indent}<{element.tag}{attributes} />")
    return lines


def _in_quotes(text: str) -> str:
    return text.translate(_IN_QUOTES) if _SPECIAL(text) else text


def _in_element(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _end_of(run: RunRecord) -> list[TestRecord]:
    """A failed test case for a run that ended early, so that the report cannot pass for a complete one."""
    if run.ended_early is None:
        return []
    what = f"The run ended early: {run.ended_early}"
    entry = Entry("error", message=what, text=what)
    return [
        TestRecord(
            "hermetic.the_run", "fixture", class_name="hermetic", name="the_run", started=run.duration, entries=[entry]
        )
    ]


def _suite(
    root: ET.Element, started: float, name: str, records: list[TestRecord], files: Mapping[str, str]
) -> ET.Element:
    began, name = started + min(record.started for record in records), identifier(name)
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(records)),
        time=_seconds(sum(record.duration for record in records)),
        timestamp=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)),
    )
    counts = dict.fromkeys(_COUNTED_AS.values(), 0)
    _add_properties(suite, records)
    for record in records:
        _add_case(suite, record, name, files)
        if record.outcome in _ELEMENTS:
            counts[_COUNTED_AS[_ELEMENTS[record.outcome]]] += 1
    suite.attrib.update({count: str(number) for count, number in counts.items()})
    return suite


def _add_properties(suite: ET.Element, records: list[TestRecord]) -> None:
    found = [pair for record in records for pair in _properties(record)]
    if found:
        properties = ET.SubElement(suite, "properties")
        for name, value in found:
            ET.SubElement(properties, "property", name=one_line(name), value=one_line(value))


def _properties(record: TestRecord) -> Iterator[tuple[str, str]]:
    if record.size:
        yield f"size of {record.name}", record.size
    if record.group:
        yield f"isolation of {record.name}", f"{record.group}, {record.worker}"
    if record.attempts:
        yield f"attempts of {record.name}", str(len(record.attempts))
    if record.diagnosis:
        yield f"diagnosis of {record.name}", record.diagnosis
    if not record.all_skipped:  # otherwise the test case gives the reason
        for entry in record.skipped_subtests:
            yield f"skipped subtest of {record.name}", _with_subtest(entry)
    for level, violations in (("violation", record.violations), ("warned violation", record.warned)):
        for violation in violations:
            operation, site = violation.operation, violation.site
            place = f" ({site.filename}:{site.line})" if site.filename else ""
            yield f"{level} of {record.name}", f"{violation.code} {operation.api} {operation.target}{place}"


def _add_case(suite: ET.Element, record: TestRecord, class_name: str, files: Mapping[str, str]) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=identifier(record.name),
        classname=class_name,
        time=_seconds(record.duration),
    )
    if record.line and record.file in files:
        case.attrib.update(file=files[record.file], line=str(record.line))
    if not (record.entries or record.stdout or record.stderr or record.attempts) and record.passed:
        return  # most tests
    element = _ELEMENTS.get(record.outcome)
    if element is not None:
        _add_result(case, element, _skip_of(record) if element == "skipped" else _failure_of(record))
    for attempt in record.failed_attempts:
        if attempt.is_bad:  # Surefire has no element for other outcomes
            _add_attempt(case, "flaky" if record.is_flaky else "rerun", attempt)
    _add_output(case, record)


def _add_attempt(case: ET.Element, kind: str, attempt: TestRecord) -> None:
    """Add an element for a failed attempt, as Surefire names and fills it."""
    _add_result(case, f"{kind}{_ELEMENTS[attempt.outcome].capitalize()}", _failure_of(attempt))
    found = case[-1]
    trace, found.text = found.text, None
    if trace:
        ET.SubElement(found, "stackTrace").text = trace
    _add_output(found, attempt)


def _add_output(element: ET.Element, record: TestRecord) -> None:
    for stream, captured in (("system-out", record.stdout), ("system-err", record.stderr)):
        if captured:
            ET.SubElement(element, stream).text = visible(captured)


def _skip_of(record: TestRecord) -> Entry:
    """The entry that says why a test counts as skipped."""
    if record.all_skipped:
        return Entry("skip", message=record.reason, text="\n".join(map(_with_subtest, record.skipped_subtests)))
    found = [entry for entry in record.entries if entry.outcome == record.outcome]
    return next((entry for entry in found if not entry.subtest), found[0])


def _failure_of(record: TestRecord) -> Entry:
    """Everything that failed in a test, as one entry."""
    found = [entry for entry in record.entries if entry.outcome in BAD_OUTCOMES]
    if not found:
        return Entry("interrupted", message="the run ended before this test finished")
    worst = next(entry for entry in found if entry.outcome == record.outcome)
    if len(found) == 1:
        return worst
    titles = [f"{_words(entry)}: {_with_subtest(entry)}".rstrip(": ") for entry in found]
    texts = "\n".join(f"{title}\n{entry.text}" for title, entry in zip(titles, found, strict=True))
    return Entry(record.outcome, type=worst.type, message="; ".join(map(one_line, titles)), text=texts)


def _with_subtest(entry: Entry) -> str:
    return f"{entry.subtest} {entry.message}".strip()


def _words(entry: Entry) -> str:
    return entry.outcome.replace("_", " ")


def _add_result(case: ET.Element, element: str, entry: Entry) -> None:
    message = _with_subtest(entry)
    if entry.outcome in ("expected_failure", "unexpected_success"):
        message = f"{_words(entry)} {message}".strip()
    attributes = {"message": visible(message)[:_MAX_MESSAGE]}
    if element != "skipped":
        attributes["type"] = one_line(entry.type or entry.outcome)
    ET.SubElement(case, element, attributes).text = visible(entry.text) or None


def _seconds(duration: float) -> str:
    return f"{duration:.3f}"
