"""Patches the fork server of multiprocessing: each process that it starts is judged, and has hermetic loaded.

A fork server that runs already starts a process when it is asked through its socket, and raises no audit event here.
"""

from __future__ import annotations

from ..._verdicts import faults
from . import starts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def patch_fork_server(forkserver: Any) -> None:
    """Judge every request for a process, from now on, and have the server import what its children need."""
    server = forkserver._forkserver
    ask = type(server).connect_to_new_process
    if hasattr(ask, "__hermetic_guard__"):
        return
    server._preload_modules.append("hermetic._children.preloaded")
    type(server).connect_to_new_process = faults.entrance(ask, _judge)
    forkserver.connect_to_new_process = server.connect_to_new_process  # an alias that the module has of it


def _judge(server: Any, *_: Any, **__: Any) -> None:
    starts.checks().judge_fork_server_start()
