"""Writes what several violations come to: one error for those of a scope, and lines for those of a run."""

from __future__ import annotations

from .._policy import messages
from .._settings.current_run import current_run
from .._settings.values import without_files
from .reported_exceptions import trim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.errors import ViolationError
    from .._base.records import Violation


def merged(ledger: list[ViolationError]) -> ViolationError:
    """Merge the unreported violations of a scope into one error, which shows each place once, with a count."""
    groups: dict[tuple[str, str, int, str], list[ViolationError]] = {}
    for error in ledger:
        violation = error.violation
        operation, site = violation.operation, violation.site
        key = (operation.target, site.filename, site.line, operation.program)
        groups.setdefault(key, []).append(error)
    first = ledger[0]
    trim(first)
    if len(ledger) == 1:
        return first
    texts = [messages.violation_text(group[0].violation, repeated=len(group) - 1) for group in groups.values()]
    return type(first)(first.violation, "\n\n".join(texts)).with_traceback(first.__traceback__)


def summary_of_run(
    violations: Sequence[Violation], allowed: Sequence[Violation], leaks: Sequence[tuple[str, list[str]]]
) -> tuple[list[str], list[str]]:
    """Return the lines on the violations of a run, and those on its warnings and leaks.

    Args:
        leaks: the name of a test or a group, and what it has changed.
    """
    leaked = [f"{what}: {messages.summed_changes(changes)}" for what, changes in leaks]
    odd = [*messages.summary_lines(allowed, "warnings"), *messages.leak_lines(leaked), *_idle_patterns()]
    return messages.summary_lines(violations, "violations"), odd


def _idle_patterns() -> list[str]:
    settings = current_run.settings
    idle = without_files([pattern for pattern, _ in settings.allow], settings.root)
    return [
        f"warnings: allow {pattern!r} in {settings.origins[f'allow {pattern}']} matches no file" for pattern in idle
    ]
