"""Which doubles of subprocess are active in this process, and whether a thread may start real children."""

from __future__ import annotations

import contextlib
import threading

from .._verdicts import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    from .command_calls import CommandCall
    from .doubled_child import Child
    from .expectations import Expectation

    class Double(Protocol):
        """What answers calls: ``SubprocessMock``."""

        def answer(self, call: CommandCall) -> Expectation | None: ...
        def answer_which(self, name: Any) -> Any: ...
        def failure_at_end(self, call: CommandCall, expectation: Expectation, child: Child) -> BaseException | None: ...
        def refuse_route(self, event: str) -> None: ...
        def refused(self, error: BaseException) -> BaseException: ...


class ActiveDoubles:
    """The active doubles. One instance, in this module.

    Attributes:
        stack: the doubles, the innermost last.
        lock: held while a double becomes active, or stops being so.
    """

    def __init__(self) -> None:
        self.stack: list[Double] = []
        self.lock = threading.Lock()
        self._thread = threading.local()

    def answering(self) -> Double | None:
        """The double that answers a call; None for none, and for the processes that hermetic itself starts."""
        return None if not self.stack or scopes.is_unjudged() else self.stack[-1]

    @contextlib.contextmanager
    def letting_through(self) -> Iterator[None]:
        """A block in which this thread may start real children: those that ``allow`` lets through."""
        self._thread.depth = getattr(self._thread, "depth", 0) + 1
        try:
            yield
        finally:
            self._thread.depth -= 1

    def is_letting_through(self) -> bool:
        """Whether this thread is in such a block."""
        return bool(getattr(self._thread, "depth", 0))


doubles = ActiveDoubles()
