"""Defines TestRunner, the runner of unittest with the same text, for guarded runs."""

from __future__ import annotations

import unittest

from .._base import features
from .._patches import unittest_classes
from .._results.run_result import TestResult
from .watched_run import WatchedRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True


class TestRunner(unittest.TextTestRunner):
    """``unittest.TextTestRunner`` with a summary of violations. It also reports runs that end early.

    Args:
        *args: as in ``unittest.TextTestRunner``.
        durations: how many of the slowest tests to list, 0 for all; on every Python version.
        **kwargs: as in ``unittest.TextTestRunner``.
    """

    __test__ = False
    resultclass: Any = TestResult

    def __init__(self, *args: Any, durations: int | None = None, **kwargs: Any) -> None:
        if features.UNITTEST_HAS_DURATIONS:
            kwargs["durations"] = durations
        super().__init__(*args, **kwargs)
        self.durations = durations
        # The decorated stream looks these up anew for each dot that is written.
        stream: Any = self.stream
        stream.write, stream.flush = stream.stream.write, stream.stream.flush

    def run(self, test: Any) -> Any:
        """Run a test or a suite, print the summary, and return the result.

        Raises:
            KeyboardInterrupt: after the summary, when Ctrl-C stopped the run.
        """
        watched = test if isinstance(test, WatchedRun) else WatchedRun(test)
        if not features.UNITTEST_HAS_DURATIONS and self.durations is not None:
            watched.durations = self.durations
        watched.stream = self.stream
        with unittest_classes.clock_kept():
            result = super().run(watched)
        if getattr(result, "interrupted", False):
            raise KeyboardInterrupt
        return result
