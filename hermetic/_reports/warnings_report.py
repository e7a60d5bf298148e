"""Makes the list of a run's warnings that Bazel shows for a test target that has passed."""

from __future__ import annotations

from .plain_text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .test_records import RunRecord

_MAX_LINES = 1000


def text(run: RunRecord) -> str:
    """The report of a run, with one line for each warning."""
    lines = [*_lines(run)]
    return "".join(f"{line}\n" for line in lines[:_MAX_LINES])


def _lines(run: RunRecord) -> Iterator[str]:
    for record in run.tests:
        for warning in record.warnings:
            yield one_line(f"{record.id}: {warning.category}: {warning.message}")
    for warning in run.warnings:
        yield one_line(f"{warning.category}: {warning.message}")
