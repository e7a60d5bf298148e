"""Explains why the attempts of a flaky test differ, if they show it."""

from __future__ import annotations

from .._base import command
from .._settings.current_run import current_run
from .._stdlib import unittest_internals
from .worker_supply import hash_seed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._reports.test_records import TestRecord

__unittest = True

_ONE_RETRY, _TWO_RETRIES = 2, 3  # attempts


def of_attempts(
    test: Any, before: int, attempts: list[TestRecord], *, fails_again: Callable[[], bool] | None = None
) -> str:
    """Return the explanation, in lines; empty if the attempts show nothing.

    Args:
        before: the number of tests that had begun before the first attempt in its process; the others were alone.
        fails_again: runs the test once more as in the second attempt, and returns whether it fails; None if the third
            attempt did not have other hashes.
    """
    first, last = attempts[0], attempts[-1]
    if not last.is_success:
        return _why_it_was_not_retried(last)
    if _is_time_out(first):
        return _slowest_phase(first, last)
    if len(attempts) == _ONE_RETRY and before:
        others = "another test" if before == 1 else f"{before} other tests"
        return (
            f"It passes alone, and failed after {others} in the same process. To find the tests that matter:\n"
            f"  {_bisect_command(type(test).__module__, first.id)}"
        )
    if len(attempts) == _TWO_RETRIES and fails_again is not None and fails_again():
        return _other_hashes(type(test).__module__, first.id)
    if before:
        return "It failed and passed alone, so it depends on time, chance, or something outside its process."
    return "No test ran before it in its process, so it depends on time, chance, or something outside its process."


def _why_it_was_not_retried(last: TestRecord) -> str:
    """Return the first line of the error that kept hermetic from retrying a test; empty if there is none."""
    messages = [entry.message.partition("\n")[0] for entry in last.entries]
    return next((text for text in messages if text.startswith("[H007]") and "cannot be isolated" in text), "")


def _is_time_out(record: TestRecord) -> bool:
    messages = [entry.message for entry in record.entries]
    return any(
        text.startswith("[H006]") or (text.startswith("[H007]") and ": timed out: " in text.partition("\n")[0])
        for text in messages
    )


def _slowest_phase(first: TestRecord, last: TestRecord) -> str:
    phase = next((found for entry in first.entries if (found := unittest_internals.phase_in(entry.message))), "")
    text = f"The time was up during {_with_article(phase)}." if phase else "It took too long."
    phases = last.phases
    if phases:
        slowest = max(phases, key=lambda name: phases[name])
        seconds = f"{phases[slowest]:.2f} of {last.duration:.2f} s"
        text += f" When it passed, the slowest phase was {_with_article(slowest)}: {seconds}."
    return text


def _with_article(phase: str) -> str:
    return phase if phase in ("setUp", "tearDown") else f"the {phase}"


def _other_hashes(module: str, name: str) -> str:
    seed, text = hash_seed(), "It failed 3 times with the hash seed of this run, and passed with another."
    if seed:
        again = command.rerun("-k", name) or f"{command.NAME} {module} -k {name}"
        return f"{text} To repeat the failure:\n  {command.with_variable('PYTHONHASHSEED', seed, again)}"
    again = command.rerun("--until-failure", "-k", name) or f"{command.NAME} {module} --until-failure -k {name}"
    return f"{text} To find a seed that repeats the failure:\n  {again}"


def _bisect_command(module: str, name: str) -> str:
    order = current_run.order
    again = command.rerun("--bisect", name) if current_run.is_program else None
    if again is None or {"--script", "--last-failed", "--"}.intersection(again.split()):
        again = command.quoted([*command.NAME.split(), module, "--bisect", name])
    return again if order is None or order.seed == "off" else f"{again} --shuffle {order.seed}"
