"""Tests that run in other threads than their run: each is reported as a whole, after it has ended."""

from __future__ import annotations

import functools

from .._base import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEPT = ("startTest", "stopTest", "add", "note_")  # how the names of methods begin that report on a test


class Turn:
    """Stands for the result of a run while a test runs in another thread, and keeps what the test reports.

    A result takes in one test at a time: it knows which test is running, and in which scope.

    Args:
        result: the result of the run.
    """

    def __init__(self, result: Any) -> None:
        self._result = result
        self._reports: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._started = 0.0
        self._home = real.get_pid()

    def __getattr__(self, name: str) -> Any:
        found = getattr(object.__getattribute__(self, "_result"), name)
        return functools.partial(self._keep, name) if name.startswith(_KEPT) else found

    def _keep(self, name: str, *args: Any, **kwargs: Any) -> None:
        if real.get_pid() != self._home:  # a forked copy that has come back, which the result ends
            getattr(self._result, name)(*args, **kwargs)
        self._reports.append((name, args, kwargs))

    def startTest(self, test: Any) -> None:
        """Keep the start of a test, and its time."""
        self._started = real.perf_counter()
        self._keep("startTest", test)

    def stopTest(self, test: Any) -> None:
        """Keep the end of a test, and how long it took; a worker that has run it knows better."""
        if not any(name == "note_timing" for name, _, _ in self._reports):
            self._keep("note_timing", test, self._started, real.perf_counter() - self._started)
        self._keep("stopTest", test)

    def end(self) -> None:
        """Report the test to the result of the run."""
        self._result.take_in(self._reports)
