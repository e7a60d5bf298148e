"""Counts the tests of a run by size, and compares the counts with the setting ``size_targets``."""

from __future__ import annotations

from collections import Counter

from .._base.errors import DecorationError
from .._base.sizes import SIZE_NAMES
from .._rules import policies
from .._settings.current_run import current_run
from .listeners import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, TextIO

_SMALL, _, *_LARGER = SIZE_NAMES
_ERROR = "error"


class SizeDistribution(Listener):
    """The sizes of the tests of a run.

    Args:
        is_whole: whether they are the whole suite: the targets do not apply to tests picked from a suite.
    """

    def __init__(self, tests: Iterable[Any], *, is_whole: bool) -> None:
        settings = current_run.settings
        self._counts = Counter(map(_size_of, tests))
        self._troubles = shortfalls(self._counts, settings.size_targets) if is_whole else []
        self._is_error = bool(self._troubles) and settings.size_distribution == _ERROR

    def wasSuccessful(self) -> bool:
        return not self._is_error

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        """List nothing for a suite without sizes."""
        if not _total(self._counts):
            return []
        return [summary(self._counts), *(f"sizes: {trouble}" for trouble in self._troubles)]


def _size_of(test: Any) -> str:
    try:
        policy = policies.of_test(test)
    except DecorationError:
        return ""  # the test reports it
    return "" if policy is None else str(policy.size.value)


def _total(counts: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) for name in SIZE_NAMES)


def summary(counts: Mapping[str, int]) -> str:
    """The line of a summary: how many tests have which size.

    Args:
        counts: by the name of the size; empty for none.
    """
    total = _total(counts)
    parts = [f"{counts[name]} {name} ({counts[name] * 100 // total} %)" for name in SIZE_NAMES if counts.get(name)]
    parts += [f"{count} without a size" for count in (counts.get(""),) if count]
    return "sizes: " + ", ".join(parts)


def shortfalls(counts: Mapping[str, int], targets: Sequence[int]) -> list[str]:
    """Where sizes miss the targets. More small tests than were asked for are never amiss.

    Args:
        targets: the percentages of small, medium and larger tests.
    """
    total = _total(counts)
    larger = sum(counts.get(name, 0) for name in _LARGER)
    found = []
    if counts.get(_SMALL, 0) * 100 < targets[0] * total:
        found.append(f"fewer than {targets[0]} % of the tests are small")
    if larger * 100 > targets[2] * total:
        found.append(f"more than {targets[2]} % of the tests are larger than medium")
    shown = "/".join(map(str, targets))
    return [f"{trouble} (size_targets = {shown})" for trouble in found]
