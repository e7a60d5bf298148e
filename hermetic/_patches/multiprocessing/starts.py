"""Patches BaseProcess.start and the fork server: starts are recorded, judged, and refused during an import.

Pools, managers, executors and all contexts start a ``BaseProcess``; not all of them a ``multiprocessing.Process``.
A fork server that runs already starts a process when it is asked through its socket, and raises no audit event here.
"""

from __future__ import annotations

import functools
import weakref

from ..._verdicts import faults, findings, scopes
from . import main_guard, start_method

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Any


def patch_starts(process: Any) -> None:
    """Check and record every start, from now on."""
    cls = process.BaseProcess
    if hasattr(cls.start, "__hermetic_guard__"):
        return
    start = cls.start

    @functools.wraps(start)
    def guarded_start(self: Any) -> None:
        main_guard.stop()
        checks().refuse_at_import()
        method = getattr(self, "_start_method", None) or start_method.method_in_force()
        scopes.running.note_start(method)
        checks().count_start_without_size()
        target = getattr(self, "_target", None)  # afterwards it is gone
        if str(getattr(target, "__module__", "")).endswith(_KEEPERS):
            kept = scopes.running.kept_processes
            findings.take_where(kept, lambda process: process() is None)
            kept.append(weakref.ref(self))
        try:
            start(self)
        except Exception as error:
            _explain(error, method)
            raise

    guarded_start.__hermetic_guard__ = True  # type: ignore[attr-defined]
    cls.start = guarded_start


# Modules whose processes belong to an object that ends them; loky may be a part of joblib.
_KEEPERS = ("multiprocessing.pool", "concurrent.futures.process", "multiprocessing.managers", "loky.process_executor")


def checks() -> ModuleType:
    """Load the checks that patches of multiprocessing ask for."""
    from . import process_checks  # saves 8 ms in children that start no process

    return process_checks


def _explain(error: Exception, method: str) -> None:
    """Add a note to an error of pickle that says why objects are pickled (from Python 3.11 on)."""
    add_note = getattr(error, "add_note", None)
    if add_note is not None and _passed_the_pickler(error.__traceback__):
        add_note(
            f"The start method is {method!r}, which pickles the target of a process and its arguments. Python 3.14 no"
            " longer forks by default either. To fork: @hermetic.start_method('fork'), or --start-method fork"
        )


def _passed_the_pickler(traceback: TracebackType | None) -> bool:
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__") != "multiprocessing.reduction":
        traceback = traceback.tb_next
    return traceback is not None


def patch_fork_server(forkserver: Any) -> None:
    """Judge every request for a process, from now on, and have the server import what its children need."""
    server = forkserver._forkserver
    ask = type(server).connect_to_new_process
    if hasattr(ask, "__hermetic_guard__"):
        return
    server._preload_modules.append("hermetic._children.preloaded")
    type(server).connect_to_new_process = faults.entrance(ask, lambda *_, **__: checks().judge_fork_server_start())
    forkserver.connect_to_new_process = server.connect_to_new_process  # an alias that the module has of it
