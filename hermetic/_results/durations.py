"""Lists the slowest tests of a run, as unittest does from Python 3.12 on, for the Pythons before."""

from __future__ import annotations

from .listeners import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

_SHOWN_FROM = 0.001  # seconds, as in unittest


class SlowestTests(Listener):
    """The slowest tests of a run.

    Args:
        count: how many of them to list; 0 for all.
        result: gets the list of all durations, as results have it from Python 3.12 on.
    """

    def __init__(self, count: int, result: Any) -> None:
        self._count = count
        self._durations: list[tuple[str, float]] = []
        result.collectedDurations = self._durations

    def addTiming(self, test: Any, started: float, seconds: float) -> None:
        self._durations.append((str(test), seconds))

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        slowest = sorted(self._durations, key=lambda pair: pair[1], reverse=True)
        if not slowest:
            return []
        slowest = slowest[: self._count] if self._count > 0 else slowest
        verbose = getattr(result, "showAll", False)
        shown = [f"{f'{seconds:.3f}s':<10} {test}" for test, seconds in slowest if verbose or seconds >= _SHOWN_FROM]
        note = ["", "(durations < 0.001s were hidden; use -v to show these durations)"]
        rule = getattr(result, "separator2", "-" * 70)
        return ["Slowest test durations", rule, *shown, *(note if len(shown) < len(slowest) else [""])]
