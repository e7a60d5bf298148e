"""Counts the tests of a run as they start and end, here and in workers, for the live line on a terminal."""

from __future__ import annotations

import contextlib
import sys

from .._base import real
from .._settings.current_run import current_run
from .._terminal import colours, live_line
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from .listeners import Listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, TextIO

    from .._reports.test_records import TestRecord

_SLOW_SECONDS, _SLOW_SHARE, _MAX_SLOW = 1.0, 0.1, 3  # tests that are named: this long, this much of the run, so many


class Progress(Listener):
    """The progress of a run, shown on a live line."""

    def __init__(self, line: live_line.LiveLine, result: Any) -> None:
        self._line = line
        self._result = result
        self._pid = real.get_pid()
        self._began = real.monotonic()
        self._done = 0
        self._told = 0  # how many failures the result had when they were last counted
        self._failed = 0
        self._running: dict[str, float] = {}
        self._ahead: dict[str, bool] = {}  # whether the tests failed that workers have run before their turn
        self._slow: list[tuple[float, str]] = []

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """Listen to the result for a block, and take the line away after it."""
        self._result.add_listener(self)
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Take the line away."""
        line, self._line = self._line, None  # type: ignore[assignment]
        if line is not None and real.get_pid() == self._pid:
            with scopes.unjudged():
                line.close()

    def stopTestRun(self, result: Any) -> None:
        self.close()

    # --- in the order of the suite ---

    def startTest(self, test: Any) -> None:
        self._count_failures()  # of fixtures
        name = owner_name(test)
        if name not in self._ahead:
            self._begin(name)

    def stopTest(self, test: Any) -> None:
        name = owner_name(test)
        has_failed = self._ahead.pop(name, None)
        if has_failed is None:
            self._count_failures()
            self._end(name)
        elif has_failed:
            self._told = self._failures()
        else:  # what its worker has not told: that it has died, or what was left behind
            self._count_failures()

    def addRetries(self, test: Any, attempts: Sequence[TestRecord], diagnosis: str) -> None:
        name = owner_name(test)
        if attempts[-1].is_success and self._ahead.get(name):  # it was counted when its worker was done
            self._ahead[name] = False
            self._failed -= 1

    def _count_failures(self) -> None:
        failures = self._failures()
        if failures > self._told:
            self._told = failures
            self._failed += 1

    def _failures(self) -> int:
        result = self._result
        return len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)

    # --- ahead of it ---

    def startAhead(self, name: str) -> None:
        self._begin(name)

    def stopAhead(self, name: str, has_failed: bool) -> None:  # noqa: FBT001 - events have no keywords
        if name not in self._running:
            return
        self._ahead[name] = has_failed
        self._failed += has_failed
        self._end(name)

    # --- both ---

    def _begin(self, name: str) -> None:
        self._running[name] = real.monotonic()
        self._show()

    def _end(self, name: str) -> None:
        self._done += 1
        began = self._running.pop(name, None)
        if began is not None and (seconds := real.monotonic() - began) >= _SLOW_SECONDS:
            self._slow.append((seconds, name))
        self._show()

    def _show(self) -> None:
        if self._line is not None and real.get_pid() == self._pid:
            self._line.show(self._done, self._failed, self._running.items())

    def summary_lines(self, result: Any, stream: TextIO) -> list[str]:
        """List the tests that have taken much of the time of the run."""
        least = _SLOW_SHARE * (real.monotonic() - self._began)
        slowest = [pair for pair in sorted(self._slow, reverse=True) if pair[0] >= least][:_MAX_SLOW]
        return ["slow tests:", *(f"  {name}: {seconds:.1f} s" for seconds, name in slowest)] if slowest else []


def following(
    result: Any, tests: Iterable[Any], total: int, durations: Mapping[str, float], jobs: int
) -> contextlib.AbstractContextManager[None]:
    """Show the progress of a run for a block, if the run has a terminal.

    Args:
        durations: the seconds that they took before, by id.
    """
    terminal = _terminal_of(result)
    if terminal is None or current_run.settings.progress == "off" or not live_line.is_possible():
        return contextlib.nullcontext()
    expected = sum(durations.get(owner_name(test), 0.0) for test in tests) / jobs if durations else 0.0
    coloured = colours.are_wanted(terminal)
    try:
        with scopes.unjudged():
            line = live_line.LiveLine(terminal.fileno(), total=total, expected=expected, coloured=coloured)
    except (OSError, ValueError):
        return contextlib.nullcontext()  # a run is not worse without it
    return Progress(line, result).following()


def _terminal_of(result: Any) -> Any:
    """The terminal that a result writes to, if that is the standard error or output of the program."""
    stream = getattr(getattr(result, "stream", None), "stream", None)
    return stream if stream in (sys.stderr, sys.stdout) and colours.is_terminal(stream) else None
