"""Patches of multiprocessing ask here: starts are counted, or refused during an import; lost workers are errors."""

from __future__ import annotations

import sys

from ..._base import real
from ..._guards import audit, ceilings
from ..._isolation import process_tree
from ..._operations import callsite, events
from ..._settings.current_run import current_run
from ..._verdicts import scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from ..._base.errors import ViolationError


def refuse_at_import() -> None:
    """Refuse the start of a process while a module is imported: the children would import it, too, and start theirs.

    With ``Pool.map`` it is a deadlock by every method, because the Pool's thread waits for the lock of the import.

    Raises:
        ViolationError: a module is being imported.
    """
    frame = _importing_frame()
    if frame is not None and current_run.settings.processes_at_import == "error":
        module = str(frame.f_globals["__name__"])
        raise ceilings.process_error("import", f"module {module}", module, site=callsite.site_of(frame))


def count_start_without_size() -> None:
    """Count a process that is about to start; of a test with a size, the guard counts it."""
    scope = scopes.active()
    if scope is not None and scope.policy is None:
        ceilings.count_start(scope)


def judge_fork_server_start() -> None:
    """Judge a process that the fork server is about to start, as if this process started it."""
    argv = [sys.executable, "-c", "from multiprocessing.forkserver import main"]
    audit.judge(events.process_operation("multiprocessing.Process.start", "start", sys.executable, argv))


def _importing_frame() -> FrameType | None:
    """The module that is being imported by the caller; None for none, or for one that runs tests meanwhile."""
    frame: FrameType | None = real.get_frame(2)
    while frame is not None:
        name, names = frame.f_code.co_name, frame.f_globals
        if name == "<module>" and names.get("__name__") != "__main__":
            if getattr(names.get("__spec__"), "_initializing", False):
                return frame
        elif name == "run" and names.get("__name__") == "unittest.case":
            return None
        frame = frame.f_back
    return None


def lost_worker(worker: Any) -> ViolationError:
    """The error of a worker of a Pool that has died, recorded in the scope of the process."""
    scope = scopes.running.process  # this thread's own scope may be that of a test long over
    how = process_tree.status_text(worker.exitcode)
    owner = scope.name if scope is not None else worker.name
    return ceilings.process_error("worker", owner, f"{worker.name} ended with {how}", scope=scope)
