"""The report of a study, as text."""

from __future__ import annotations

from .._base import command
from .._base.spelling import counted
from .._variations import catalogue
from . import by_hand, process
from .verdicts import FAILS, FIXTURE, MODULE, MOST_TESTS, PROGRAM, TEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .study_findings import Finding, StudyFindings
    from .verdicts import Subject


_OTHERS = {FIXTURE: "fixture", MODULE: "import"}
_MOST_LISTED = 20  # tests below a heading; the report files list all
_MOST_EXAMPLES = 3  # tests that change, if most tests do


def text(findings: StudyFindings) -> str:
    """The report."""
    return "\n".join([*_accusations(findings), *_sections(findings), "", _summary(findings)])


def list_of_variations() -> str:
    """List all variations, with what each sets, and why this machine cannot set it."""
    width = max(map(len, catalogue.BY_NAME))
    lines = []
    for name, variation in catalogue.BY_NAME.items():
        reason = variation.why_not()
        lines.append(f"{name:{width}}  {variation.sets}{f' (not here: {reason})' if reason else ''}")
    return "\n".join(lines)


def _accusations(findings: StudyFindings) -> Iterator[str]:
    by_names: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings.steady:
        by_names.setdefault(finding.names, []).append(finding)
    for names, those in by_names.items():
        yield ""
        yield from (f"{name} ({catalogue.BY_NAME[name].sets})" for name in names)
        for finding in those[:_MOST_LISTED]:
            yield from finding_lines(finding)
        yield from _more("  ", len(those) - _MOST_LISTED)
        subjects = dict.fromkeys(catalogue.BY_NAME[name].subject for name in names)
        yield f"  remedy: {', '.join(f'{command.NAME} --explain {subject}' for subject in subjects)}"


def _sections(findings: StudyFindings) -> Iterator[str]:
    """All that is not a dependence."""
    unsteady = [
        f"{finding.subject}: {' and '.join(finding.names)}, in {finding.shown} of {finding.runs} runs"
        for finding in findings.unsteady
    ]
    unexplained = [f"{subject}: {reason}" for subject, reason in findings.unexplained.items()]
    left_out = [f"{name}: {reason}" for name, reason in findings.left_out.items()]
    known = [f"{finding.subject}: {' and '.join(finding.names)} ({finding.reason})" for finding in findings.known]
    yield from _section("Accepted by vary_known", known)
    yield from _section("In vary_known, but no longer found: remove", findings.gone)
    yield from _section("Changed, but not each time", unsteady)
    yield from _section("Changed, but no cause was found", unexplained)
    yield from _section("Failed in plain runs, too", _failing(findings))
    yield from _section("Unstable: the verdict differs between plain runs", map(str, findings.unstable))
    for names, subjects in _by_names(findings.unskipped).items():
        yield from _section(f"Skipped in plain runs, and run under {names}", map(str, subjects))
    for names, subjects in _by_names(findings.not_run).items():
        yield from _section(f"Did not run under {names}, so nothing is known", map(str, subjects))
    yield from _section("Left out, because this machine cannot set it, or has set it already", left_out, len(left_out))
    yield from _section(
        "Left out, because of Ctrl-C" if findings.was_stopped else "Left out, because the time was used up",
        findings.not_tried, len(findings.not_tried),
    )  # fmt: skip


def _failing(findings: StudyFindings) -> Iterator[str]:
    """What fails in plain runs, and not because it is unstable or depends on a variation."""
    explained = {finding.subject for finding in (*findings.steady, *findings.unsteady, *findings.known)}
    for subject, verdict in findings.plain.items():
        if verdict.outcome == FAILS and subject not in explained and subject not in findings.unstable:
            yield f"{subject}: {verdict.text}"


def _by_names(names_of: dict[Subject, str]) -> dict[str, list[Subject]]:
    """Group subjects by their variations."""
    found: dict[str, list[Subject]] = {}
    for subject, names in names_of.items():
        found.setdefault(names, []).append(subject)
    return found


def finding_lines(finding: Finding, most: int = _MOST_EXAMPLES) -> Iterator[str]:
    """Describe a finding: both outcomes, the failure, and the command that shows it.

    Args:
        most: the maximum number of tests to name, in a finding on most of the tests.
    """
    if finding.tests:
        checked = f"{finding.shown} of {finding.runs} times for those that were checked"
        yield f"  {finding.varied.text} under {_under(finding)} ({checked})"
        yield from (f"    {test}: {verdict.text}" for test, verdict in [*finding.tests.items()][:most])
        yield from _more("    ", len(finding.tests) - most)
    else:
        yield from _outcomes(finding)
    if finding.also:
        yield f"    also with {', '.join(finding.also)}"
    yield f"    {by_hand.command_for(finding)}"
    if bisection := by_hand.bisection_for(finding):
        yield f"    it takes other tests; to find them: {bisection}"


def _more(start: str, count: int) -> Iterator[str]:
    if count > 0:
        yield f"{start}and {counted(count, 'more test')} (--json, --junit-xml and --html list all)"


def _outcomes(finding: Finding) -> Iterator[str]:
    plain, varied = finding.plain, finding.varied
    shown = varied if varied.text else plain
    yield (
        f"  {finding.subject} {varied.outcome} under {_under(finding)} ({finding.shown} of {finding.runs} times), and"
        f" {plain.outcome} {_without(finding)}"
    )
    if shown.text:
        yield f"    {shown.text}"
    if shown.codes:
        yield f"    violations: {', '.join(shown.codes)}"


def _under(finding: Finding) -> str:
    return "it" if len(finding.names) == 1 else "all of them"


def _without(finding: Finding) -> str:
    """What a plain run has instead of the variations; a run by hand has another hash seed each time."""
    if any(catalogue.BY_NAME[name].subject == "hash-seed" for name in finding.names):
        return f"with PYTHONHASHSEED={process.plain_environment()['PYTHONHASHSEED']}"
    return "without"


def _section(heading: str, entries: Iterable[str], most: int = _MOST_LISTED) -> Iterator[str]:
    found = [*entries]
    if found:
        yield from ("", f"{heading}:", *(f"  {entry}" for entry in found[:most]))
        yield from _more("  ", len(found) - most)


def _summary(findings: StudyFindings) -> str:
    subjects = {finding.subject for finding in findings.steady}
    if not subjects:
        return f"None of {counted(findings.tests, 'test')} was found to depend on what was varied."
    tests = {test for finding in findings.steady for test in finding.tests or [finding.subject] if test.kind == TEST}
    counts = {kind: sum(subject.kind == kind and subject != MOST_TESTS for subject in subjects) for kind in _OTHERS}
    others = [counted(count, _OTHERS[kind]) for kind, count in counts.items() if count]
    others += ["the whole program"] * any(subject.kind == PROGRAM and subject != MOST_TESTS for subject in subjects)
    also = f" Other findings: {', '.join(others)}." if others else ""
    verb = "depends" if len(tests) == 1 else "depend"
    return f"{len(tests):,} of {counted(findings.tests, 'test')} {verb} on what was varied.{also}"
