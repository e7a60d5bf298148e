"""Lists the tests that a run would run (``--list``): the id, the size, the isolation, and the history of each."""

from __future__ import annotations

import unittest
from collections import Counter

from .._base.errors import DecorationError
from .._protocol import plain_data
from .._rules import groups
from .._settings.current_run import JSON, current_run
from .._suites import selection, suite_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._suites.history import RunHistory


def list_of(suite: Any, form: str) -> tuple[str, Any]:
    """Return the list of the tests of a suite, and a suite of those that could not be loaded.

    Args:
        form: ``current_run.TEXT`` for columns, or ``JSON`` for a line of JSON for each test.
    """
    tests = [*suite_tests.tests_in(suite)]
    failed = unittest.TestSuite([test for test in tests if suite_tests.failed_to_load(test)])
    history: RunHistory | None = current_run.history
    durations = {} if history is None else history.durations
    flaky = Counter(name for run in (() if history is None else history.runs) for name in run.flaky)
    rows = [_row(test, durations, flaky) for test in tests if not suite_tests.failed_to_load(test)]
    return (_as_json(rows) if form == JSON else _as_text(rows)), failed


def _row(test: Any, durations: Mapping[str, float], flaky: Counter[str]) -> dict[str, Any]:
    name = suite_tests.name_of(test)
    row: dict[str, Any] = {"id": name, "size": "?", "isolation": None, "seconds": durations.get(name)}
    row["flaky"] = flaky[name]
    try:
        row["size"] = selection.size_name(test)
        group = groups.of_test(test)
        row["isolation"] = None if group is None else group.description
    except DecorationError as error:
        row["error"] = str(error)
    return row


def _as_json(rows: list[dict[str, Any]]) -> str:
    return "\n".join(plain_data.to_bytes(row).decode() for row in rows)


def _as_text(rows: list[dict[str, Any]]) -> str:
    """Return columns with two or more spaces between them; ids stand first, as ``--tests-from`` reads them."""
    cells = [
        [row["id"], row["size"], _seconds(row["seconds"]), row["isolation"] or "", _times_flaky(row["flaky"])]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _times_flaky(runs: int) -> str:
    return f"flaky in {runs} run{'s' * (runs > 1)}" if runs else ""


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f} s"
