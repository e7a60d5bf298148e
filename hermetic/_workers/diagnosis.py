"""Says why the attempts of a test differ, as far as they show it."""

from __future__ import annotations

from .._base import command
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._reports.test_records import TestRecord

__unittest = True


def of_attempts(test: Any, before: int, attempts: list[TestRecord]) -> str:
    """Return what the attempts of a test show, in lines; empty if they show nothing.

    Args:
        before: the number of tests that had begun before the first attempt in its process; the others were alone.
    """
    first, last = attempts[0], attempts[-1]
    if not last.is_success:
        return _why_it_was_not_retried(last)
    if len(attempts) > 2:  # noqa: PLR2004 - a retry has failed, too
        return "It failed and passed alone, so it depends on time, chance, or something outside its process."
    if before:
        others = "another test" if before == 1 else f"{before} other tests"
        return (
            f"It passes alone, and failed after {others} in the same process. To find the tests that matter:\n"
            f"  {_bisect_command(type(test).__module__, first.id)}"
        )
    return "No test ran before it in its process, so it depends on time, chance, or something outside its process."


def _why_it_was_not_retried(last: TestRecord) -> str:
    """Return the first line of an error that no code of the test has raised."""
    messages = [entry.message.partition("\n")[0] for entry in last.entries]
    return next((text for text in messages if text.startswith("[H007]") and "cannot be isolated" in text), "")


def _bisect_command(module: str, name: str) -> str:
    order = current_run.order
    again = command.rerun("--bisect", name) if current_run.is_program else None
    if again is None or {"--script", "--last-failed", "--"}.intersection(again.split()):
        again = command.quoted([*command.NAME.split(), module, "--bisect", name])
    return again if order is None or order.seed == "off" else f"{again} --shuffle {order.seed}"
