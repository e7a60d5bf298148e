"""multiprocessing: the start method, what children are told, and what becomes of those that fail.

    parent  a process is started     -> starts: not while a module is imported, and not without end
    parent  spawn, forkserver        -> preparation: the child is told of the policy, the ceilings, and how far main is
    child   unpickles what it is told-> child: it is put under all that before anything of the user's runs
    child   imports main again       -> main_guard: as far as the parent has come, and no suite is run
    server  is started               -> preloaded: it imports what its children are going to need
    parent  a worker of a Pool dies  -> pools: what waits for it gets an error

multiprocessing is not worth its start-up time: all of this waits until somebody imports it.
"""

from __future__ import annotations

from ..on_import import when_imported
from . import journal
from .start_method import default_start_method, methods

__all__ = ["default_start_method", "journal", "methods", "watch"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def watch() -> None:
    """From now on, look after the processes that multiprocessing starts."""
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
