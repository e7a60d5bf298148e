"""Installs the patches of multiprocessing, each as soon as its module is imported.

    parent  starts a process         -> starts: refused while a module is imported, and counted
    parent  spawns a child           -> preparation: sends the policy, the ceilings, and how far main is
    child   unpickles what was sent  -> spawned: puts the child under the policy before any code of the user's runs
    child   imports main again       -> main_guard: as far as the parent has come, without running a suite
    parent  asks the fork server     -> starts: the start of the process is judged
    server  starts                   -> preloaded: imports what its children are going to need
    parent  loses a worker of a Pool -> pools: whatever waits for a result gets an error

multiprocessing takes time to import, so nothing is loaded here before somebody imports it.
"""

from __future__ import annotations

from ..on_import import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def patch_multiprocessing() -> None:
    """Patch multiprocessing, now or when it is imported."""
    when_imported("multiprocessing.process", _patch)


def _patch(process: Any) -> None:
    from . import pools, preparation, starts  # saves 3 ms in every run that does not use multiprocessing

    starts.patch_starts(process)
    when_imported("multiprocessing.spawn", preparation.patch_spawn)
    when_imported("multiprocessing.forkserver", starts.patch_fork_server)
    when_imported("multiprocessing.pool", pools.patch_pools)
