"""What comes of the end of a class, a module or a group, as the worker tells it that its tests ran in."""

from __future__ import annotations

import sys
import unittest

from .._base.errors import IsolationError
from .._results import isolation_errors
from .._results.guarded_result import report_outside
from .._stdlib import unittest_internals
from . import replay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True


class Ending:
    """What a worker tells while a class or a module is torn down, or all that is left.

    Args:
        description: of its group.
        test: the last of it.
        result: of the run, if it is ours; None for those of other runners.
        is_over: whether its process ends with it.
    """

    def __init__(self, description: str, test: Any, result: Any, *, is_over: bool) -> None:
        self._description = description
        self._test = test
        self._result = result
        self._is_over = is_over
        self._failed = False
        self._in_fixtures: list[BaseException] = []  # what is yet to be told
        self._of_group: list[BaseException] = []
        self._changes: list[str] = []  # what the worker's process has changed and left

    def take(self, frame: list[Any]) -> None:
        """Take a frame."""
        kind, *details = frame
        if kind == "output":
            replay.write(sys.stdout if details[0] == "out" else sys.stderr, details[1])
        elif kind == "warning":
            replay.show_warning(*details)
        elif kind in ("broken", "fixture"):
            name, verdict, described = details if kind == "fixture" else (self._description, "error", *details)
            error = replay.fixture_error(verdict, described)
            if error is not None:
                self._in_fixtures += self._told(name, error)
                self._failed = self._failed or not isinstance(error, unittest.SkipTest)
        elif kind == "finished":
            self._changes += details[0]["changes"]
            replay.take_warned(details[0])
        elif kind == "exited":
            self._changes += details[0]
        elif kind == "died" and not self._failed:
            error = isolation_errors.isolation_error(f"the process of {self._description}: {details[0]}", self._test)
            (self._of_group if self._is_over else self._in_fixtures).append(error)

    def errors(self, told: set[str]) -> list[BaseException]:
        """What went wrong, as errors that nobody has been told of.

        Args:
            told: the changes that were reported of tests.
        """
        changes = [change for change in self._changes if change not in told]
        if changes:
            what = f"the process of {self._description}"
            error = isolation_errors.report_changes(what, changes, self._test, self._result)
            self._of_group += [error] if error is not None else []
        for found in self._of_group:
            self._in_fixtures += self._told(self._description, found)
        return self._in_fixtures

    def _told(self, name: str, error: BaseException) -> list[BaseException]:
        """Tell our own run's result of an error, of a fixture or a group; other runners are told by the fixture."""
        if self._result is None:
            return [error]
        buffering = unittest_internals.buffer_output(self._result)
        report_outside(self._result, unittest_internals.error_holder(name), error)
        if buffering:
            unittest_internals.release_output(self._result)
        return []


def raise_all(errors: list[BaseException]) -> None:
    """Raise what went wrong, if anything did: the one error there is, or one that has the texts of all.

    Raises:
        BaseException: what went wrong; a SkipTest if fixtures have skipped and nothing has failed.
    """
    errors = [error for error in errors if not isinstance(error, unittest.SkipTest)] or errors[:1]
    if len(errors) == 1 and isinstance(errors[0], Exception):
        raise errors[0]
    if errors:  # one that ends programs, in a worker, is not to end this one
        texts = "\n\n".join(f"{type(error).__name__}: {error}" for error in errors)
        count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        raise IsolationError(f"[H007] {count} at the end of isolated tests:\n{texts}")
