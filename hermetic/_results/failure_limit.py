"""Ends a run after a number of failures and errors: the setting ``maxfail``."""

from __future__ import annotations

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
