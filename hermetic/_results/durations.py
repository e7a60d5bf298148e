"""How long tests take; and the slowest of them, as unittest lists them from Python 3.12 on, for the Pythons before."""

from __future__ import annotations

import sys

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SHOWN_FROM = 0.001  # seconds, as unittest has it


def collect(result: Any) -> None:
    """Have a result time its tests, into ``collectedDurations``."""
    result.collectedDurations = []
    time_tests(result, lambda test, seconds: result.collectedDurations.append((str(test), seconds)))


def time_tests(result: Any, note: Callable[[Any, float], None]) -> None:
    """Have a result note how long each test takes that runs in this process; unittest's clock may be stopped by it."""
    start, stop = result.startTest, result.stopTest
    began: list[float] = []

    def start_test(test: Any) -> None:
        start(test)
        began[:] = [real.perf_counter()]

    def stop_test(test: Any) -> None:
        if began and sys.exc_info()[0] is not KeyboardInterrupt:  # 3.12.1 stops skipped ones that it has not started
            note(test, real.perf_counter() - began.pop())
        stop(test)

    result.startTest, result.stopTest = start_test, stop_test


def correct(result: Any, test: Any, seconds: float) -> None:
    """Have a result that times its tests know how long the last one has taken where it ran."""
    if not features.UNITTEST_HAS_DURATIONS and getattr(result, "collectedDurations", None):
        result.collectedDurations[-1] = (str(test), seconds)


def lines(result: Any, count: int) -> list[str]:
    """The list of the slowest tests.

    Args:
        result: after the run.
        count: how many tests; 0 for all.
    """
    slowest = sorted(result.collectedDurations, key=lambda pair: pair[1], reverse=True)
    if not slowest:
        return []
    slowest = slowest[:count] if count > 0 else slowest
    verbose = getattr(result, "showAll", False)
    shown = [f"{f'{seconds:.3f}s':<10} {test}" for test, seconds in slowest if verbose or seconds >= _SHOWN_FROM]
    note = ["", "(durations < 0.001s were hidden; use -v to show these durations)"]
    rule = getattr(result, "separator2", "-" * 70)
    return ["Slowest test durations", rule, *shown, *(note if len(shown) < len(slowest) else [""])]
