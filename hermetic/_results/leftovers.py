"""Reports the processes and threads that a test leaves running, and ends the processes.

Processes of pools, executors and managers are left alone, because they end with their object. What
tests without a size leave is left alone too, as under unittest: a later test may use it. Runaway processes always end.
"""

from __future__ import annotations

import os
import signal
import sys

from .._base import real, system
from .._isolation import process_tree
from .._settings.current_run import current_run
from .._stdlib import interpreter_internals
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from . import isolation_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.errors import IsolationError

_GRACE = 0.1  # seconds for what has been told to end, but was not waited for
_PAUSE = 0.01  # seconds between looking for that
_ROUNDS = 50  # of ending what ends, and what that has started meanwhile
_KILL, _DO_NOT_WAIT = getattr(signal, "SIGKILL", signal.SIGTERM), getattr(os, "WNOHANG", 0)  # not on Windows


def end(test: Any, scope: scopes.Scope, result: Any) -> IsolationError | None:
    """End what a test has left running, and report it.

    Args:
        scope: its own, once its cleanups have run.

    Returns:
        The error to report, if the settings say that it is an error.
    """
    is_isolated = current_run.in_worker and not current_run.in_shared_worker
    is_to_end = (
        scope.policy is not None
        and not current_run.is_surveying
        and not is_isolated
        and current_run.settings.leaks != "off"
    )
    if scope.home != real.get_pid() or not (is_to_end or scope.met_ceiling):
        return None
    with scopes.unjudged():
        deadline = real.perf_counter() + _GRACE
        while (_processes(scope) or _threads(scope)) and real.perf_counter() < deadline:
            real.sleep(_PAUSE)
        left, threads = _processes(scope), _threads(scope)
        for pid in left:
            _end_tree(pid)
        changes = [f"process left running: {command}" for command in left.values()]
        changes += [f"thread left running: {name}" for name in threads]
        if scope.met_ceiling or not changes:
            return None  # a ceiling is reported already
        return isolation_errors.report_changes(f"test {owner_name(test)}", changes, test, result)


def _processes(scope: scopes.Scope) -> dict[int, str]:
    """The process ids and commands of those that were started in a scope and are still there.

    None where threads of other tests are at work: whose a process is, the system does not say.
    """
    if scope.children_before is None:
        return {}
    living = process_tree.living_children()
    if any(found is not scope for found in [*scopes.running.by_thread.values()]):
        return {}
    kept = {getattr(process(), "pid", None) for process in scopes.running.kept_processes}
    others = scope.children_before | kept
    return {pid: command for pid, command in living.items() if pid not in others}


def _threads(scope: scopes.Scope) -> list[str]:
    """The names of the threads that were started in a scope, still run, and are waited for by Python at its end."""
    threading = sys.modules.get("threading")
    started = {ident for ident, found in [*scopes.running.by_thread.items()] if found is scope}
    if threading is None or not started:
        return []
    started.discard(threading.get_ident())
    kept = interpreter_internals.threads_of_executors()
    threads = [thread for thread in interpreter_internals.enumerate_threads(threading) if thread.ident in started]
    return [thread.name for thread in threads if not thread.daemon and thread not in kept]


def _end_tree(pid: int) -> None:
    """End a process and all that descend from it, and wait for it."""
    for _ in range(_ROUNDS):
        for descendant in (pid, *process_tree.descendants_of(pid)):
            process_tree.send(descendant, _KILL)
        if process_tree.command_of(pid) is None:
            break
        real.sleep(_PAUSE)
    for process in _multiprocessing_children():
        if process.pid == pid:
            process.join(_GRACE)
            return
    try:
        system.waitpid(pid, _DO_NOT_WAIT)
    except ChildProcessError:
        pass  # somebody else has


def _multiprocessing_children() -> list[Any]:
    multiprocessing = sys.modules.get("multiprocessing")
    return [] if multiprocessing is None else list(multiprocessing.active_children())
