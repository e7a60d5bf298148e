"""How far a run is: what its result is told, and what workers tell ahead of that, for the live line.

It is loaded only for a run on a terminal.
"""

from __future__ import annotations

import contextlib
import sys

from .._base import real
from .._settings.current_run import current_run
from .._terminal import colours, live_line
from .._verdicts import scopes
from .._verdicts.owner_names import owner_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

__unittest = True

_SLOW_SECONDS, _SLOW_SHARE, _MAX_SLOW = 1.0, 0.1, 3  # tests that are named: this long, this much of the run, so many


class Progress:
    """How far a run is, shown on a live line.

    Args:
        line: the live line.
        result: of the run.
    """

    def __init__(self, line: live_line.LiveLine, result: Any) -> None:
        self._line = line
        self._result = result
        self._pid = real.get_pid()
        self._began = real.monotonic()
        self._done = 0
        self._told = 0  # of failures
        self._failed = 0
        self._running: dict[str, float] = {}
        self._ahead: dict[str, bool] = {}  # of tests that workers have run before their turn: whether they failed
        self._slow: list[tuple[float, str]] = []

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        """For the time of the run, be told what its result is told."""
        result = self._result
        start, stop = result.startTest, result.stopTest
        result.hermetic_progress = self

        def start_test(test: Any) -> None:
            self._start_told(owner_name(test))
            start(test)

        def stop_test(test: Any) -> None:
            stop(test)
            self._stop_told(owner_name(test))

        result.startTest, result.stopTest = start_test, stop_test
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

    # --- in the order of the suite ---

    def _start_told(self, name: str) -> None:
        self._count_failures()  # of fixtures
        if name not in self._ahead:
            self._begin(name)

    def _stop_told(self, name: str) -> None:
        has_failed = self._ahead.pop(name, None)
        if has_failed is None:
            self._count_failures()
            self._end(name)
        elif has_failed:
            self._told = self._failures()
        else:  # what its worker has not told: that it has died, or what was left behind
            self._count_failures()

    def _count_failures(self) -> None:
        failures = self._failures()
        if failures > self._told:
            self._told = failures
            self._failed += 1

    def _failures(self) -> int:
        result = self._result
        return len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)

    # --- ahead of it ---

    def start_ahead(self, name: str) -> None:
        """A worker has begun a test."""
        self._begin(name)

    def stop_ahead(self, name: str, *, has_failed: bool) -> None:
        """A worker is done with a test, if it has begun it."""
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

    def slow_tests(self) -> list[str]:
        """The tests that have taken much of the time of the run, as lines for people."""
        least = _SLOW_SHARE * (real.monotonic() - self._began)
        slowest = [pair for pair in sorted(self._slow, reverse=True) if pair[0] >= least][:_MAX_SLOW]
        return ["slow tests:", *(f"  {name}: {seconds:.1f} s" for seconds, name in slowest)] if slowest else []


def following(
    result: Any, tests: Iterable[Any], total: int, durations: Mapping[str, float], jobs: int
) -> contextlib.AbstractContextManager[None]:
    """For a run on a terminal, show how far it is.

    Args:
        result: of the run.
        tests: of the run.
        total: how many they are.
        durations: the seconds that they took before, by id.
        jobs: how many of them run at the same time.
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
