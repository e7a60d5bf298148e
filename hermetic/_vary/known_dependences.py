"""Sorts out the dependences that the setting ``vary_known`` accepts."""

from __future__ import annotations

import fnmatch

from .._variations import catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .study_findings import Finding, StudyFindings


def sort_out(findings: StudyFindings, entries: Sequence[str], tried: Sequence[str]) -> None:
    """Move the accepted dependences out of the accusations, and note the entries that accept nothing.

    Args:
        entries: as ``SUBJECTS TEST: REASON``.
        tried: the names of the variations that were tried.
    """
    in_use = set()
    for finding in [*findings.steady]:
        entry = next((entry for entry in entries if _accepts(entry, finding)), None)
        if entry is not None:
            in_use.add(entry)
            finding.reason = entry.partition(": ")[2]
            findings.steady.remove(finding)
            findings.known.append(finding)
    subjects = {catalogue.BY_NAME[name].subject for name in tried}
    for entry in entries:
        pattern = _pattern_of(entry)
        if (
            entry not in in_use
            and {*_subjects_of(entry)} <= subjects
            and any(fnmatch.fnmatchcase(test.name, pattern) for test in findings.plain)
        ):
            findings.gone.append(entry)


def _accepts(entry: str, finding: Finding) -> bool:
    subjects = {catalogue.BY_NAME[name].subject for name in finding.names}
    names = [test.name for test in finding.tests] or [finding.subject.name]
    return subjects <= {*_subjects_of(entry)} and all(fnmatch.fnmatchcase(name, _pattern_of(entry)) for name in names)


def _subjects_of(entry: str) -> list[str]:
    return entry.partition(" ")[0].split(",")


def _pattern_of(entry: str) -> str:
    return entry.partition(" ")[2].partition(":")[0]
