"""What was started by multiprocessing, for the run that wants to know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

methods: list[str] = []  # by which processes were started, each once
listeners: list[Callable[[], None]] = []  # called before each start
kept: list[Callable[[], Any]] = []  # weak references to processes that a pool, an executor or a manager keeps


def note(method: str) -> None:
    """A process is being started by a method; or was, by a worker, which has told of it."""
    if method not in methods:
        methods.append(method)
    for tell in listeners:
        tell()
