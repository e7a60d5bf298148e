"""Installs the patches of multiprocessing, each as soon as its module is imported.

parent  starts a process            -> starts: refused while a module is imported, and counted
parent  spawns, or asks the server  -> preparation: the data for the child holds the policy, the ceilings, and how
far main is
child   unpickles the data          -> spawned: puts the child under the policy before any code of the user's runs
child   imports main again          -> main_guard: as far as the parent has come, without running a suite
server  starts                      -> preloaded: imports what its children are going to need
parent  loses a worker of a Pool    -> pools: whatever waits for a result gets an error
"""

from __future__ import annotations

from ..on_import import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def watch() -> None:
    """Patch multiprocessing, now or when it is imported."""
    when_imported("multiprocessing.process", _watch_processes)
    when_imported("multiprocessing.spawn", _watch_spawn)
    when_imported("multiprocessing.forkserver", _watch_fork_server)
    when_imported("multiprocessing.pool", _watch_pools)


def _watch_processes(process: Any) -> None:
    from . import starts

    starts.watch(process)


def _watch_spawn(spawn: Any) -> None:
    from . import preparation

    preparation.watch(spawn)


def _watch_fork_server(forkserver: Any) -> None:
    forkserver._forkserver._preload_modules.append("hermetic._children.preloaded")


def _watch_pools(pool: Any) -> None:
    from . import pools

    pools.watch(pool)
