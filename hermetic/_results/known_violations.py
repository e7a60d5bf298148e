"""The known violations in the summary of a run: how many there were, and which are gone."""

from __future__ import annotations

from .._settings.current_run import current_run
from .._verdicts import baseline
from .._verdicts.owner_names import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .._base.records import Violation

__unittest = True

_MOST = 10  # lines of what is gone: with more of them, nobody takes them out by hand


class KnownViolations:
    """The violations that the configuration lists, for one run.

    Args:
        tests: those of the run.
        is_whole: whether they are the whole suite: only then is it known that a test or a fixture is gone.
    """

    def __init__(self, tests: Iterable[Any], *, is_whole: bool) -> None:
        self._entries = current_run.settings.baseline
        self._origin = current_run.settings.origins["baseline"]
        self._ids = {owner_name(test) for test in tests}
        self._is_whole = is_whole

    def told_apart(self, warned: Sequence[Violation], result: Any) -> tuple[list[Violation], list[str]]:
        """The violations that are warned of without the known ones, and the lines that tell of those.

        Args:
            warned: all that were let happen.
            result: of the run.
        """
        found = {violation: baseline.entry_of(violation) for violation in warned}
        known = [violation for violation, entry in found.items() if entry in self._entries]
        lines = []
        if known:
            tests = len({violation.test for violation in known})
            lines.append(f"baseline: {_counted(len(known), 'known violation')} in {_counted(tests, 'test')}")
        gone = self._gone({found[violation] for violation in known}, result)
        if gone:
            lines.append(f"baseline: {_counted(len(gone), 'known violation')} gone: take out of {self._origin},")
            lines.append("  or have it written anew with --write-baseline:")
            lines += [f"  {entry}" for entry in gone[:_MOST]]
            lines += [f"  ... and {len(gone) - _MOST} more"] * (len(gone) > _MOST)
        known_ones = set(known)
        return [violation for violation in warned if violation not in known_ones], lines

    def _gone(self, seen: set[str], result: Any) -> list[str]:
        """The entries of which this run knows that they do not occur any more."""
        if result.ended_early is not None:
            return []
        unsure = {owner_name(test) for test, _ in [*result.errors, *result.failures, *result.skipped]}
        gone = []
        for entry in sorted(self._entries - seen):
            name = entry.split(" ")[1]
            if name not in unsure and (name in self._ids or self._is_whole):
                gone.append(entry)
        return gone


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
