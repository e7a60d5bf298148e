"""Surveys a suite: what each test used, the smallest size that fits, and the decorators to add.

add_tests()   before the run: records the classes and methods
the run       allows everything, and records what small tests may not do
conclude()    after the run: prints a summary, the marks to add, and the diff, or edits the files
"""

from __future__ import annotations

import difflib
import os
import sys
from collections import Counter

from .._base import file_replacement, real
from .._base.sizes import DATABASE, FILESYSTEM, LIMITS, NETWORK, PROCESS, SLEEP
from .._reports.test_records import COMPLETE
from .._results import size_distribution
from .._rules import groups
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from .suggestions import (
    TIME_MARGIN,
    MarkPlan,
    Observed,
    larger_than_needed,
    largest,
    shown_file,
    size_near_limit,
    smallest,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sized
    from typing import Any

    from .._base.records import Operation
    from .._reports.test_records import RunRecord, TestRecord
    from .suggestions import ProposedMark

_KINDS = {NETWORK: "hosts", PROCESS: "commands", FILESYSTEM: "files", DATABASE: "databases", SLEEP: "sleep"}
_MOST = 3  # targets of a kind that are named
_LONGEST = 60  # characters of a target
_AMISS = {"error": "failed with an error", "failure": "failed", "unexpected_success": "passed unexpectedly"}


class Survey:
    """Observes a run, and reports the size that each test needs.

    Args:
        applies: whether to edit the files; otherwise the diff is printed.
    """

    def __init__(self, *, applies: bool) -> None:
        self._applies = applies
        self._tests: dict[str, list[tuple[type, str]]] = {}
        self._imports: dict[str, list[Operation]] = {}
        self._alone: set[str] = set()

    def add_tests(self, tests: Iterable[Any], *, is_whole: bool) -> None:
        """Record the tests of a run that is about to start, and what their imports have used."""
        for test in tests:
            name = owner_name(test)
            self._tests.setdefault(name, []).append((type(test), unittest_internals.test_method_name(test)))
            if groups.has_process_to_itself(test):
                self._alone.add(name)
        for violation in scopes.running.warned:
            self._imports.setdefault(violation.test, []).append(violation.operation)
        current_run.imports_are_kept_apart = bool(self._imports)

    def conclude(self, run: RunRecord) -> None:
        """Print the findings, and print the diff or edit the files."""
        with scopes.unjudged():
            records: dict[str, list[TestRecord]] = {}
            for record in run.tests:
                records.setdefault(record.id, []).append(record)
            observed = [test for name in self._tests for test in self._observed(name, records)]
            plan = MarkPlan(observed)
            edited = plan.edited()
            sections = {
                "Not observed to the end, left as they are": [*_unknown(observed)],
                "Larger than needed, left as they are": [*_too_large(observed)],
                "Close to the time limit": [*_near_limit(observed)],
                "To be marked by hand": plan.troubles,
                "Used outside of tests": [
                    f"{owner}: {_in_words(used)}" for owner, used in self._imports.items() if owner not in self._tests
                ],
            }
            lines = [f"Survey of {_number(observed, 'test')}", *_summary(observed, plan)]
            found = {heading: entries for heading, entries in sections.items() if entries}
            lines += [f"  {heading[0].lower()}{heading[1:]}: {len(entries)}" for heading, entries in found.items()]
            lines += _marks_by_file(plan)
            for heading, entries in found.items():
                lines += ["", f"{heading}:", *(f"  {entry}" for entry in entries)]
            lines += _doubts(self._number_after_larger(observed))
            lines += _apply(edited) if self._applies else _diff(edited)
            _print("\n".join(lines) + "\n")

    def _observed(self, name: str, records: dict[str, list[TestRecord]]) -> Iterator[Observed]:
        found = records.get(name, [])
        outcomes = {record.outcome for record in found}
        reasons = [f"skipped: {' '.join(record.reason.split())}" for record in found if record.reason]
        amiss = [_AMISS.get(outcome, outcome) for outcome in sorted(outcomes.difference(COMPLETE, ("skip",)))]
        why = ", ".join([*amiss, *reasons]) if found else "did not run"
        seconds = max([record.duration for record in found], default=0.0)
        for cls, method in self._tests[name]:
            used = self._used(name, cls, records)
            size = None if why else smallest(used, seconds, current_run.settings.forbid)
            yield Observed(name, cls, method, size, why, used, seconds)

    def _used(self, name: str, cls: type, records: dict[str, list[TestRecord]]) -> list[Operation]:
        """What a test used, together with the fixtures of its class and module."""
        class_name, module = f"{cls.__module__}.{cls.__qualname__}", cls.__module__
        owners = [name, *(f"{fixture} ({class_name})" for fixture in ("setUpClass", "tearDownClass"))]
        owners += [f"{fixture} ({module})" for fixture in ("setUpModule", "tearDownModule")]
        found = [violation for owner in owners for record in records.get(owner, []) for violation in record.warned]
        return [violation.operation for violation in found]

    def _number_after_larger(self, observed: list[Observed]) -> int:
        """How many tests share their process with an import or an earlier test that needs a larger size."""
        imported = [operation for used in self._imports.values() for operation in used]
        forbid, number = current_run.settings.forbid, 0
        reached = smallest(imported, 0.0, forbid)
        for test in observed:
            if test.id not in self._alone:
                number += test.size is not None and largest([reached, test.size]) is not test.size
                reached = largest([reached, smallest(test.used, test.seconds, forbid)])
        return number


def _print(text: str) -> None:
    """Print to standard output, with the bytes of files unchanged, so that the diff can be applied."""
    sys.stdout.flush()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    else:
        sys.stdout.write(text)
    sys.stdout.flush()


def _in_words(operations: Iterable[Operation], *notes: str) -> str:
    """What was used, by kind, and notes, as text."""
    by_kind: dict[str, list[str]] = {}
    for operation in operations:
        targets = by_kind.setdefault(operation.kind, [])
        target = operation.target if len(operation.target) <= _LONGEST else f"{operation.target[:_LONGEST]}..."
        if target not in targets:
            targets.append(target)
    parts = []
    for kind, heading in _KINDS.items():
        targets = by_kind.get(kind, [])
        more = [f"and {len(targets) - _MOST} more"] * (len(targets) > _MOST)
        parts += [f"{heading}: {', '.join([*targets[:_MOST], *more])}"] * bool(targets)
    return "; ".join(filter(None, [*parts, *notes]))


def _summary(observed: list[Observed], plan: MarkPlan) -> Iterator[str]:
    """How many tests fit which size, and how many marks are to be added."""
    counts = Counter("" if test.size is None else str(test.size.value) for test in observed)
    if any(counts):
        yield f"  {size_distribution.summary(counts)}"
    marks = [mark for in_file in plan.marks.values() for mark in in_file.values()]
    if marks:
        tests = {id(test): test for mark in marks for test in mark.tests}
        places = f"{_number(plan.marks, 'file')}, for {_number(tests, 'test')}"
        yield f"  marks to add: {len(marks)} in {places}"


def _number(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'s' * (len(things) != 1)}"


def _marks_by_file(plan: MarkPlan) -> Iterator[str]:
    """The marks to add, by file and class, with what their tests used."""
    for file, marks in sorted(plan.marks.items()):
        yield from ("", shown_file(file))
        width = max(len(_row_start(mark)) for mark in marks.values())
        owner = None
        for _, mark in sorted(marks.items()):
            if mark.method and mark.owner != owner:
                yield f"  class {mark.owner}"
            owner = mark.owner if mark.method else None
            seconds = max(test.seconds for test in mark.tests)
            used = _in_words([operation for test in mark.tests for operation in test.used], _time_note(mark))
            yield f"{_row_start(mark):{width}}  {seconds:6.2f} s  {used}".rstrip()


def _row_start(mark: ProposedMark) -> str:
    if mark.method:
        return f"    @{mark.size.value:8}{mark.method}"
    return f"  @{mark.size.value:8}class {mark.owner}: {_number(mark.tests, 'test')}"


def _time_note(mark: ProposedMark) -> str:
    """Why the tests of a mark fit no smaller size, if that is their duration."""
    operations = [operation for test in mark.tests for operation in test.used]
    size = smallest(operations, 0.0, current_run.settings.forbid)
    if size is mark.size:
        return ""
    return f"time: more than {TIME_MARGIN * 100:g} % of the limit of @{size.value} ({LIMITS[size].time_limit:g} s)"


def _unknown(observed: Iterable[Observed]) -> Iterator[str]:
    for test in observed:
        if test.size is None:
            used = _in_words(test.used)
            yield f"{test.id}: {test.why}{'; it used ' * bool(used)}{used}"


def _too_large(observed: Iterable[Observed]) -> Iterator[str]:
    for test in observed:
        present = larger_than_needed(test)
        if present and test.size:
            yield f"{test.id} is @{present.value}, and fits @{test.size.value}"


def _near_limit(observed: Iterable[Observed]) -> Iterator[str]:
    for test in observed:
        size = size_near_limit(test)
        if size:
            yield f"{test.id} took {test.seconds:.2f} s; the limit of @{size.value} is {LIMITS[size].time_limit:g} s"


def _doubts(number: int) -> list[str]:
    """The warning about tests that may need a larger size when they run alone."""
    if not number:
        return []
    tests = _number(range(number), "test")
    return [
        "",
        f"{tests} ran in the same process as an earlier import or test that needs a larger size.",
        "They may need a larger size when they run alone, if it filled a cache or opened a connection for them.",
        "To observe each test alone, run --survey --isolated.",
    ]


def _diff(edited: dict[str, tuple[bytes, bytes]]) -> list[str]:
    lines = []
    for file, (before, after) in edited.items():
        try:
            path = real.relative_path(file)
        except FileNotFoundError:  # a test has removed the current folder
            path = file.lstrip(os.sep)
        name = path.replace(os.sep, "/")
        for line in difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}"):
            lines.append(line.removesuffix("\n"))
            if not line.endswith("\n"):
                lines.append("\\ No newline at end of file")
    return ["", *lines] if lines else ["", "No decorator is missing."]


def _lines(data: bytes) -> list[str]:
    """A file as lines for a diff, in which only a line feed ends a line."""
    text = data.decode("utf-8", "surrogateescape")
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [line for line in text.split("\n")[-1:] if line]


def _apply(edited: dict[str, tuple[bytes, bytes]]) -> list[str]:
    lines = [""]
    for file, (before, after) in edited.items():
        try:
            with real.open_file(file, "rb") as opened:
                if opened.read() != before:
                    raise OSError("it has changed since the survey began")  # noqa: TRY301 - one message for both
            file_replacement.replace_file(os.path.realpath(file), after)
        except OSError as error:
            lines.append(f"{shown_file(file)} was not edited: {error}")
        else:
            lines.append(f"{shown_file(file)} edited")
    return lines if edited else ["", "No decorator is missing."]
