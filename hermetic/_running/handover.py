"""Hands isolated tests to workers. Importing this file loads all that isolation needs in the process of a run."""

from __future__ import annotations

from .._rules import groups
from .._workers import isolation
from . import module_fixtures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["groups", "isolation", "watch_class"]


def watch_class(cls: Any) -> None:
    """Have groups of isolated tests know a class, and run its module's fixtures where its tests run."""
    groups.register(cls)
    module_fixtures.watch_module(cls.__module__)
