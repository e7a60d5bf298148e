"""What was started by multiprocessing, for the run that wants to know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

methods: list[str] = []  # by which processes were started, each once
listeners: list[Callable[[], None]] = []  # called before each start
kept: list[Callable[[], Any]] = []  # weak references to processes that a pool, an executor or a manager keeps
