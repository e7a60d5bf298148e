"""Processes that a test leaves running: they are ended after it, and reported.

Those of pools, executors and managers are left alone: whoever keeps such an object ends them with it.
"""

from __future__ import annotations

import os
import signal
import sys

from .. import _multiprocessing, _real
from .._guards import state
from .._isolation import processes
from . import replay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._errors import IsolationError

__unittest = True

_GRACE = 0.1  # seconds for processes that have been told to end, but were not waited for
_ROUNDS = 50  # of ending what ends, and what that has started meanwhile
_KILL, _DO_NOT_WAIT = getattr(signal, "SIGKILL", signal.SIGTERM), getattr(os, "WNOHANG", 0)  # not on Windows
_PAUSE = 0.01  # seconds between them


def end(test: Any, scope: state.Scope) -> IsolationError | None:
    """End the processes that were started in a scope and still run.

    Args:
        test: the test that the scope is of.
        scope: a scope that has children.

    Returns:
        What is to be reported as an error, if the settings have it so.
    """
    with state.unjudged():
        left = _left(scope.children_before)
        deadline = _real.perf_counter() + _GRACE
        while left and _real.perf_counter() < deadline:
            _real.sleep(_PAUSE)
            left = _left(scope.children_before)
        if not left:
            return None
        for pid in left:
            _end_tree(pid)
        changes = [f"process left running: {command}" for command in left.values()]
        return replay.report_changes(f"test {state.owner_name(test)}", changes, test)


def _left(before: frozenset[int]) -> dict[int, str]:
    found = {pid: command for pid, command in processes.living_children().items() if pid not in before}
    for kept in _multiprocessing.journal.kept:
        found.pop(getattr(kept(), "pid", None) or 0, None)
    return found


def _multiprocessing_children() -> list[Any]:
    multiprocessing = sys.modules.get("multiprocessing")
    return [] if multiprocessing is None else list(multiprocessing.active_children())


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


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in processes.children_of(pid):
        found += [child, *_descendants(child)]
    return found
