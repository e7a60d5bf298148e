"""The report of a study, as text."""

from __future__ import annotations

from .._base import command
from .._variations import catalogue
from . import by_hand, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .study_findings import Finding, StudyFindings


def text(findings: StudyFindings) -> str:
    """The report."""
    return "\n".join([*_accusations(findings), *_sections(findings), "", _summary(findings)])


def list_of_variations() -> str:
    """All variations, with what each sets, and why this machine cannot do it."""
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
        for finding in those:
            yield from finding_lines(finding)
        subjects = dict.fromkeys(catalogue.BY_NAME[name].subject for name in names)
        yield f"  remedy: {', '.join(f'{command.NAME} --explain {subject}' for subject in subjects)}"


def _sections(findings: StudyFindings) -> Iterator[str]:
    """What is no accusation."""
    unsteady = [
        f"{finding.subject}: {' and '.join(finding.names)}, in {finding.shown} of {finding.runs} runs"
        for finding in findings.unsteady
    ]
    unskipped = [f"{subject}: under {names}" for subject, names in findings.unskipped.items()]
    left_out = [f"{name}: {reason}" for name, reason in findings.left_out.items()]
    known = [f"{finding.subject}: {' and '.join(finding.names)} ({finding.reason})" for finding in findings.known]
    yield from _section("Accepted by vary_known", known)
    yield from _section("In vary_known, but no longer so: remove", findings.gone)
    yield from _section("Changed, but not each time", unsteady)
    yield from _section("Changed, but no cause was found", map(str, findings.unexplained))
    yield from _section("Unstable: the verdict differs between plain runs", map(str, findings.unstable))
    yield from _section("Skipped in plain runs, and run under some variation", unskipped)
    not_run = [f"{subject}: under {names}" for subject, names in findings.not_run.items()]
    yield from _section("Did not run under some variations, so nothing is known", not_run)
    yield from _section("Left out, as this machine cannot do it or has it so already", left_out)
    yield from _section(
        "Left out, as Ctrl-C stopped the study" if findings.was_stopped else "Left out, as the time was spent",
        findings.not_tried,
    )


def finding_lines(finding: Finding) -> Iterator[str]:
    """What is said about a finding: both outcomes, the failure, and the command that shows it."""
    plain, varied = finding.plain, finding.varied
    shown = varied if varied.text else plain
    under = "it" if len(finding.names) == 1 else "all of them"
    yield (
        f"  {finding.subject} {varied.outcome} under {under} ({finding.shown} of {finding.runs} times), and"
        f" {plain.outcome} {_without(finding)}"
    )
    if shown.text:
        yield f"    {shown.text}"
    if shown.codes:
        yield f"    violations: {', '.join(shown.codes)}"
    if finding.also:
        yield f"    also with {', '.join(finding.also)}"
    yield f"    {by_hand.command_for(finding)}"


def _without(finding: Finding) -> str:
    """What a plain run has instead of the variations; a run by hand has another hash seed each time."""
    if any(catalogue.BY_NAME[name].subject == "hash-seed" for name in finding.names):
        return f"with PYTHONHASHSEED={process.plain_environment()['PYTHONHASHSEED']}"
    return "without"


def _section(heading: str, entries: Iterable[str]) -> Iterator[str]:
    found = [*entries]
    if found:
        yield from ("", f"{heading}:", *(f"  {entry}" for entry in found))


def _summary(findings: StudyFindings) -> str:
    subjects = {finding.subject for finding in findings.steady}
    if not subjects:
        return f"None of {findings.tests} tests was found to depend on what was varied."
    return f"{len(subjects)} of {findings.tests} tests depend on what was varied."
