"""Finds the isolated tests of this process, and loads the workers' room when the first of them is asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._workers.isolation import Isolation


def isolation_of_process() -> Isolation:
    """The isolated tests of this process."""
    from .._workers import isolation  # saves 10 ms in runs without isolated tests

    return isolation.of_process()
