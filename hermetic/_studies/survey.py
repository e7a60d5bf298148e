"""Surveys a suite: what each test used, the smallest size that fits, and the decorators to add.

add_tests()   before the run: records the classes and methods
the run       allows everything, and records what small tests may not do
conclude()    after the run: prints the table and the diff, or edits the files
"""

from __future__ import annotations

import difflib
import os
import sys
from collections import Counter

from .._base import file_replacement, real
from .._base.sizes import DATABASE, FILESYSTEM, NETWORK, PROCESS, SIZE_NAMES, SLEEP
from .._reports.test_records import COMPLETE
from .._results import size_distribution
from .._rules import groups
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from .suggestions import MarkPlan, Observed, largest, present_size, shown_file, smallest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .._base.records import Operation
    from .._reports.test_records import RunRecord, TestRecord

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
            lines = [f"Survey of {len(observed)} tests", *self._table(observed, records)]
            plan = MarkPlan(observed)
            edited = plan.edited()
            lines += _section("Not observed to their end, and left as they are:", _unknown(observed))
            lines += _section("Larger than they need be, and left as they are:", _too_large(observed))
            lines += _section("To be marked by hand:", plan.troubles)
            counts = Counter("" if test.size is None else str(test.size.value) for test in observed)
            if any(counts.get(name) for name in counts if name):
                lines += ["", size_distribution.summary(counts)]
            lines += _doubts(self._number_after_larger(observed, records))
            lines += _apply(edited) if self._applies else _diff(edited)
            _print("\n".join(lines) + "\n")

    def _observed(self, name: str, records: dict[str, list[TestRecord]]) -> Iterator[Observed]:
        found = records.get(name, [])
        outcomes = {record.outcome for record in found}
        reasons = [f"skipped: {' '.join(record.reason.split())}" for record in found if record.reason]
        amiss = [_AMISS.get(outcome, outcome) for outcome in sorted(outcomes.difference(COMPLETE, ("skip",)))]
        why = ", ".join([*amiss, *reasons]) if found else "did not run"
        for cls, method in self._tests[name]:
            size = None
            if not why:
                used = self._used(name, cls, records)
                size = smallest(used, max(record.duration for record in found), current_run.settings.forbid)
            yield Observed(name, cls, method, size, why)

    def _used(self, name: str, cls: type, records: dict[str, list[TestRecord]]) -> list[Operation]:
        """What a test used, together with the fixtures of its class and module."""
        class_name, module = f"{cls.__module__}.{cls.__qualname__}", cls.__module__
        owners = [name, *(f"{fixture} ({class_name})" for fixture in ("setUpClass", "tearDownClass"))]
        owners += [f"{fixture} ({module})" for fixture in ("setUpModule", "tearDownModule")]
        found = [violation for owner in owners for record in records.get(owner, []) for violation in record.warned]
        return [violation.operation for violation in found]

    def _number_after_larger(self, observed: list[Observed], records: dict[str, list[TestRecord]]) -> int:
        """How many tests share their process with an import or an earlier test that needs a larger size."""
        imported = [operation for used in self._imports.values() for operation in used]
        forbid, number = current_run.settings.forbid, 0
        reached = smallest(imported, 0.0, forbid)
        for test in observed:
            if test.id not in self._alone:
                number += test.size is not None and largest([reached, test.size]) is not test.size
                seconds = max([record.duration for record in records.get(test.id, [])], default=0.0)
                needed = smallest(self._used(test.id, test.cls, records), seconds, forbid)
                reached = largest([reached, needed])
        return number

    def _table(self, observed: list[Observed], records: dict[str, list[TestRecord]]) -> Iterator[str]:
        width = max([len(test.method) for test in observed], default=0)
        last = None
        for test in observed:
            if test.cls is not last:
                last = test.cls
                yield f"\n{last.__module__}.{last.__qualname__}"
            size = test.size.value if test.size else "?"
            seconds = max([record.duration for record in records.get(test.id, [])], default=0.0)
            used = _in_words(self._used(test.id, test.cls, records))
            yield f"  {test.method:{width}}  {size:6}  {seconds:8.2f} s  {used}".rstrip()
        outside = {owner: used for owner, used in self._imports.items() if owner not in self._tests}
        yield from _section(
            "Used outside of tests:", [f"{owner}: {_in_words(used)}" for owner, used in outside.items()]
        )


def _print(text: str) -> None:
    """Print to standard output, with the bytes of files unchanged, so that the diff can be applied."""
    sys.stdout.flush()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    else:
        sys.stdout.write(text)
    sys.stdout.flush()


def _in_words(operations: Iterable[Operation]) -> str:
    """What was used, by kind, as text."""
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
    return "; ".join(parts)


def _unknown(observed: Iterable[Observed]) -> list[str]:
    return [f"{test.id}: {test.why}" for test in observed if test.size is None]


def _too_large(observed: Iterable[Observed]) -> Iterator[str]:
    for test in observed:
        present, _ = present_size(test.cls, test.method)
        if present and test.size and SIZE_NAMES.index(present.value) > SIZE_NAMES.index(test.size.value):
            yield f"{test.id} is @{present.value}, and fits @{test.size.value}"


def _doubts(number: int) -> list[str]:
    """The warning about tests that may need a larger size when they run alone."""
    if not number:
        return []
    tests = f"{number} test{'s' * (number != 1)}"
    return [
        "",
        f"{tests} ran in the same process as an earlier import or test that needs a larger size.",
        "If that has filled a cache or opened a connection for them, they need a larger size when they run alone.",
        "To observe each test alone, run --survey --isolated.",
    ]


def _section(heading: str, entries: Iterable[str]) -> list[str]:
    found = [f"  {entry}" for entry in entries]
    return ["", heading, *found] if found else []


def _diff(edited: dict[str, tuple[bytes, bytes]]) -> list[str]:
    lines = []
    for file, (before, after) in edited.items():
        try:
            path = os.path.relpath(file)
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
                    raise OSError("it was changed meanwhile")  # noqa: TRY301 - one message for both
            file_replacement.replace_file(os.path.realpath(file), after)
        except OSError as error:
            lines.append(f"{shown_file(file)} was not edited: {error}")
        else:
            lines.append(f"{shown_file(file)} edited")
    return lines if edited else ["", "No decorator is missing."]
