"""``Popen.communicate`` in virtual time on Windows, where threads read the output, and ``communicate`` waits for them.

It asks the clock for the time that is left to wait for a thread. So whoever asks lets the child end first, or its
virtual time pass until the time-out; the real code then finds the threads at the end of the output, or late.
"""

from __future__ import annotations

import contextlib
import functools
import threading

from .._verdicts import faults
from .doubled_child import READER_NAME, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .doubled_child import Child

_A_DAY = 86_400.0  # seconds, for what takes milliseconds
_waiting = threading.local()


def communicating(original: Any) -> Any:
    """Make the replacement of ``Popen._communicate``."""

    def decide(popen: Any, given: Any, end: float | None, timeout: float | None) -> Callable[[], Any] | None:
        child = vars(popen).get("hermetic_child")
        if child is None or not child.duration:  # nothing to wait for but the threads
            return None
        return functools.partial(_communicate, original, popen, child, given, end, timeout)

    return faults.entrance(original, decide, is_traced=True)


def _communicate(original: Any, popen: Any, child: Child, given: Any, end: float | None, timeout: float | None) -> Any:
    child.is_read_by_thread = True
    with _asking_for(popen, child, end):
        return original(popen, given, clock.now() + _A_DAY if end is None else end, timeout)


@contextlib.contextmanager
def _asking_for(popen: Any, child: Child, end: float | None) -> Iterator[None]:
    _waiting.question = functools.partial(_time_of, popen, child, end)
    try:
        yield
    finally:
        del _waiting.question


def now() -> float:
    """The instant, in seconds; for a thread that communicates with a child, after that has ended or is late."""
    question = getattr(_waiting, "question", None)
    return clock.now() if question is None else question()


def _time_of(popen: Any, child: Child, end: float | None) -> float:
    threads = {name: vars(popen).get(name) for name in ("stdout_thread", "stderr_thread", "_stdin_thread")}
    for thread in filter(None, threads.values()):
        thread.name = READER_NAME
    writer = threads["_stdin_thread"]  # from Python 3.14 on
    if writer is not None and writer.is_alive():
        return clock.now()
    child.wait(None if end is None else end - clock.now())
    return clock.now() if child.returncode is None or end is None else min(clock.now(), end - _A_DAY)
