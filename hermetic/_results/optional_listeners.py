"""Defines listeners that few runs have: the limit of failures (``maxfail``) and the slowest tests (``--durations``)."""

from __future__ import annotations

from .._base.errors import HermeticError
from .._base.sizes import NO_LIMIT
from .._rules import policies, timeouts
from .listeners import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


class FailureLimit(Listener):
    """Stops a run that has failed often enough.

    Args:
        most: the number of failures, errors and unexpected successes that end it.
        result: of the run.
        total: the number of tests in the run.
    """

    def __init__(self, most: int, result: Any, total: int) -> None:
        self._most = most
        self._result = result
        self._total = total
        self._has_stopped = False

    def addError(self, test: Any, err: Any) -> None:
        self._count()

    def addFailure(self, test: Any, err: Any) -> None:
        self._count()

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._count()

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self._count()

    def _count(self) -> None:
        result = self._result
        count = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
        if count >= self._most and not result.shouldStop:
            self._has_stopped = True
            result.stop()

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        if not self._has_stopped or result.testsRun >= self._total:
            return []
        return [f"stopped by maxfail = {self._most} after {result.testsRun} of {self._total} tests"]


def with_limit(test: Any) -> str:
    """Return a test as unittest writes it, with its size and the seconds that it may take, if it has any of these."""
    try:
        size, policy = policies.size_of(test), policies.of_test(test)
    except HermeticError:  # wrong marks, which the test has reported
        size = policy = None
    limit, timeout = policies.time_limit(policy), timeouts.of_test(test)
    shown = [size.value] if size is not None else []
    shown += [f"limit {limit:g} s"] if limit != NO_LIMIT else []
    shown += [f"timeout {timeout.seconds:g} s"] if timeout is not None else []
    return f"{test} [{', '.join(shown)}]" if shown else str(test)


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
        self._durations.append((with_limit(test), seconds))

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
