"""What is still running of processes that have started each other without end: it is ended after its test.

What other tests leave running is theirs, as it is under unittest: a later test may use it.
"""

from __future__ import annotations

import os
import signal
import sys

from .. import _multiprocessing, _real
from .._guards import state
from .._isolation import processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True

_GRACE = 0.1  # seconds for processes that have met the ceiling, or wait for one that has
_PAUSE = 0.01  # seconds between looking for that
_ROUNDS = 50  # of ending what ends, and what that has started meanwhile
_KILL, _DO_NOT_WAIT = getattr(signal, "SIGKILL", signal.SIGTERM), getattr(os, "WNOHANG", 0)  # not on Windows


def end(scope: state.Scope) -> None:
    """End the processes that were started in a scope and still run, but for those that an object keeps.

    Args:
        scope: that of a test, in the process of the run.
    """
    with state.unjudged():
        deadline = _real.perf_counter() + _GRACE
        while _left(scope) and _real.perf_counter() < deadline:
            _real.sleep(_PAUSE)
        for pid in _left(scope):
            _end_tree(pid)


def _left(scope: state.Scope) -> set[int]:
    kept = {getattr(process(), "pid", None) for process in _multiprocessing.journal.kept}
    return {*processes.living_children()} - scope.children_before - kept


def _end_tree(pid: int) -> None:
    """End a process and all that descend from it, and wait for it."""
    for _ in range(_ROUNDS):
        for descendant in (pid, *_descendants(pid)):
            processes.send(descendant, _KILL)
        if processes.command_of(pid) is None:
            break
        _real.sleep(_PAUSE)
    for process in _multiprocessing_children():
        if process.pid == pid:
            process.join(_GRACE)
            return
    try:
        os.waitpid(pid, _DO_NOT_WAIT)
    except ChildProcessError:
        pass  # somebody else has


def _multiprocessing_children() -> list[Any]:
    multiprocessing = sys.modules.get("multiprocessing")
    return [] if multiprocessing is None else list(multiprocessing.active_children())


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in processes.children_of(pid):
        found += [child, *_descendants(child)]
    return found
