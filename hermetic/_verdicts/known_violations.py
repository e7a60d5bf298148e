"""Counts the violations of a run that the baseline lists, and finds the entries that no longer occur."""

from __future__ import annotations

from .._base.spelling import counted
from .._settings import baseline_file
from .._settings.current_run import current_run
from . import baseline
from .scopes import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .._base.records import Violation

_MAX_GONE = 10  # lines of entries that no longer occur: nobody deletes more of them by hand


class KnownViolations:
    """Counts the violations of a run that the baseline lists.

    Args:
        is_whole: whether these are the whole suite. Only then can a run show that a test or a fixture is gone.
    """

    def __init__(self, tests: Iterable[Any], *, is_whole: bool) -> None:
        settings = current_run.settings
        self._entries, self._old_places = settings.baseline, [*settings.old_baselines]
        self._places = [*self._old_places, baseline_file.path_in(settings.root)]
        self._ids = {owner_name(test) for test in tests}
        self._is_whole = is_whole

    def told_apart(self, warned: Sequence[Violation], result: Any) -> tuple[list[Violation], list[str]]:
        """Take the known violations out of those that were allowed, and return the rest with the lines about them."""
        found = {violation: baseline.entry_of(violation) for violation in warned}
        known = [violation for violation, entry in found.items() if entry in self._entries]
        lines = [
            f"baseline: {path} lists known violations, which is deprecated: run with --write-baseline to move them to"
            f" {self._places[-1]}"
            for path in self._old_places
        ]
        if known:
            tests = len({violation.test for violation in known})
            lines.append(f"baseline: {counted(len(known), 'known violation')} in {counted(tests, 'test')}")
        gone = self._gone({found[violation] for violation in known}, result)
        if gone:
            what = "no longer occurs: remove it" if len(gone) == 1 else "no longer occur: remove them"
            lines.append(f"baseline: {counted(len(gone), 'known violation')} {what} from {' or '.join(self._places)},")
            lines.append("  or run with --write-baseline to update the file:")
            lines += [f"  {entry}" for entry in gone[:_MAX_GONE]]
            lines += [f"  ... and {len(gone) - _MAX_GONE} more"] * (len(gone) > _MAX_GONE)
        known_ones = set(known)
        return [violation for violation in warned if violation not in known_ones], lines

    def _gone(self, seen: set[str], result: Any) -> list[str]:
        """Return the entries whose violations no longer occur, as far as this run shows."""
        if result.ended_early is not None:
            return []
        unsure = {owner_name(test) for test, _ in [*result.errors, *result.failures, *result.skipped]}
        gone = []
        for entry in sorted(self._entries - seen):
            name = entry.split(" ")[1]
            if name not in unsure and (name in self._ids or self._is_whole):
                gone.append(entry)
        return gone
