"""Finds the running threads, those of executors, and the stacks of all threads."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_FRAMES = 20  # the outer frames of a stack only show the test runner
_EXECUTORS = (
    ("concurrent.futures.thread", "_threads_queues"),
    ("concurrent.futures.process", "_threads_wakeups"),
    ("loky.process_executor", "_threads_wakeups"),
    ("joblib.externals.loky.process_executor", "_threads_wakeups"),
)


def enumerate_threads(threading: Any) -> list[Any]:
    """List the running threads as ``threading.enumerate`` does, which a test may have replaced.

    The greenlets that gevent and eventlet register as threads are left out: no system thread belongs to them.
    """
    running = sys._current_frames()
    active = [thread for thread in [*threading._active.values()] if thread.ident in running]
    return [*active, *threading._limbo.values()]


def stacks(besides: int) -> str:
    """Format the stacks of all threads but one, the innermost call last.

    Args:
        besides: the identifier of the thread that is left out.
    """
    import traceback  # unittest has loaded it; children of tests need it only here

    threading = sys.modules.get("threading")
    names = {thread.ident: thread.name for thread in (enumerate_threads(threading) if threading else ())}
    return "\n".join(
        f"{names.get(ident, 'a thread')}:\n{''.join(traceback.format_stack(frame, _MAX_FRAMES)).rstrip()}"
        for ident, frame in sys._current_frames().items()
        if ident != besides
    )


def threads_of_executors() -> set[Any]:
    """Return the threads of every executor, including loky's."""
    found: set[Any] = set()
    for name, threads in _EXECUTORS:
        found.update(getattr(sys.modules.get(name), threads, ()))
    return found
