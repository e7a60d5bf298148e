"""The end of a class, a module or a group in its worker: what went wrong then, as errors."""

from __future__ import annotations

import unittest

from .._base.errors import IsolationError
from .._results import isolation_errors
from .._results.result_proxy import report_outside
from .._stdlib import unittest_internals
from . import replay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__unittest = True


class Ending(replay.Relay):
    """Takes the frames that come while a class, a module or all that is left of a group is torn down.

    Args:
        result: of the run, if it is one of hermetic's; None for those of other runners.
        is_over: whether the group's process ends as well.
    """

    def __init__(self, description: str, test: Any, result: Any, *, is_over: bool) -> None:
        super().__init__()
        self._description = description
        self._test = test
        self._result = result
        self._is_over = is_over
        self._failed = False
        self._in_fixtures: list[BaseException] = []  # not told to any result yet
        self._of_group: list[BaseException] = []

    def on_broken(self, details: dict[str, Any]) -> None:
        self.on_fixture(self._description, "error", details)

    def on_fixture(self, name: str, verdict: str, details: Any) -> None:
        error = replay.fixture_error(verdict, details)
        if error is not None:
            self._in_fixtures += self._told(name, error)
            self._failed = self._failed or not isinstance(error, unittest.SkipTest)

    def on_died(self, text: str, started: float, duration: float) -> None:
        if not self._failed:
            error = isolation_errors.isolation_error(f"the process of {self._description}: {text}", self._test)
            (self._of_group if self._is_over else self._in_fixtures).append(error)

    def run(self, frames: Iterable[list[Any]], told: set[str]) -> list[BaseException]:
        """Take the frames, and return what went wrong, as errors that no result has been told.

        Args:
            told: the changes that were reported of tests already.
        """
        for frame in frames:
            self.take(frame)
        changes = [change for change in self.changes if change not in told]
        if changes:
            what = f"the process of {self._description}"
            error = isolation_errors.report_changes(what, changes, self._test, self._result)
            self._of_group += [error] if error is not None else []
        for found in self._of_group:
            self._in_fixtures += self._told(self._description, found)
        return self._in_fixtures

    def _told(self, name: str, error: BaseException) -> list[BaseException]:
        """Tell the result of a run of hermetic's an error; return it for other runners, whose fixture raises it."""
        if self._result is None:
            return [error]
        buffering = unittest_internals.buffer_output(self._result)
        report_outside(self._result, unittest_internals.error_holder(name), error)
        if buffering:
            unittest_internals.release_output(self._result)
        return []


def raise_all(errors: list[BaseException]) -> None:
    """Raise the one error there is, or one with the texts of all; do nothing if there is none.

    Raises:
        BaseException: what went wrong; a SkipTest if fixtures have skipped and nothing has failed.
    """
    errors = [error for error in errors if not isinstance(error, unittest.SkipTest)] or errors[:1]
    if len(errors) == 1 and isinstance(errors[0], Exception):
        raise errors[0]
    if errors:  # SystemExit in a worker must not end this process
        texts = "\n\n".join(f"{type(error).__name__}: {error}" for error in errors)
        count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        raise IsolationError(f"[H007] {count} at the end of isolated tests:\n{texts}")
