"""The findings of a study as records for the reports: a test that depends on a variation has failed."""

from __future__ import annotations

from .._reports.test_records import Entry, TestRecord
from . import report
from .verdicts import FAILS, FIXTURE, IS_SKIPPED, PASSES, TEST, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .study_findings import Finding, StudyFindings
    from .verdicts import Subject


def records_of(findings: StudyFindings) -> list[TestRecord]:
    """A record for each test, and for each fixture or module that has a dependence or fails in plain runs."""
    by_subject: dict[Subject, list[Finding]] = {}
    for finding in findings.steady:
        by_subject.setdefault(finding.subject, []).append(finding)
    others = {
        **{
            subject: f"changed under variations, but no cause was found: {reason}"
            for subject, reason in findings.unexplained.items()
        },
        **{
            test: f"depends on {_set(finding)}, as most of the tests do"
            for finding in (*findings.steady, *findings.known)
            for test in finding.tests
        },
        **{finding.subject: f"changed under {_set(finding)}, but not each time" for finding in findings.unsteady},
        **{finding.subject: f"depends on {_set(finding)}: {finding.reason}" for finding in findings.known},
        **dict.fromkeys(findings.unstable, "unstable: the verdict differs between plain runs"),
    }
    records = []
    for subject in {**findings.plain, **dict.fromkeys(by_subject)}:
        if subject.kind == TEST or subject in by_subject or findings.plain.of(subject).outcome == FAILS:
            those = by_subject.get(subject, [])
            plain = findings.plain.get(subject) or those[0].varied
            records.append(_record(subject, plain, those, others.get(subject, "")))
    return records


def _record(subject: Subject, plain: Verdict, findings: list[Finding], other: str) -> TestRecord:
    module, class_name, name, file, line = plain.place
    entries = []
    for finding in findings:
        text = "\n".join(report.finding_lines(finding, len(finding.tests))) + "\n"
        message = f"depends on {_set(finding)}: {finding.varied.text or finding.plain.text}"
        entries.append(Entry("failure", "", "dependence", message, text, file, line))
    if not findings and plain.outcome != PASSES:
        other = other or (plain.text if plain.outcome == IS_SKIPPED else f"fails in plain runs, too: {plain.text}")
    if other and not findings:
        entries.append(Entry("skip", message=other))
    return TestRecord(
        subject.name, "fixture" if subject.kind == FIXTURE else "test", module=module, class_name=class_name, name=name,
        file=file, line=line, duration=plain.seconds, entries=entries, passed=not entries,
    )  # fmt: skip


def _set(finding: Finding) -> str:
    return " and ".join(finding.names)
