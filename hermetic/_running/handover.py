"""Hands isolated tests, and the fixtures of their modules, to workers. It loads all that a run needs for isolation.

Every runner reads ``setUpModule`` and ``tearDownModule`` as attributes of the module. These are computed, so that the
runner sees other functions than the module itself. Nothing in the module is replaced.
"""

from __future__ import annotations

from .._patches import module_attributes
from .._results import leaks
from .._rules import groups
from .._settings.current_run import current_run
from .._workers import isolation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["groups", "isolation", "leaks", "watch_class"]

__unittest = True


def _set_up(module: Any, own: Any) -> Any:
    """Nothing for a wholly isolated module: each worker sets it up before the first of its tests."""
    return (lambda: None) if own is not None and _fixtures_run_elsewhere(module) else own


def _tear_down(module: Any, own: Any) -> Any:
    """The module's own, if it is not for workers to run; and the end of the groups that end with the module."""
    if not current_run.hands_tests_over():
        return own
    own = _set_up(module, own)
    if not groups.are_in(module.__name__):
        return own

    def tearDownModule() -> None:
        try:
            if own is not None:
                own()
        finally:
            isolation.of_process().end_module(module.__name__)

    return tearDownModule


def _fixtures_run_elsewhere(module: Any) -> bool:
    return current_run.hands_tests_over() and groups.is_wholly_isolated_module(module)


_MODULE_CLASS = module_attributes.module_class(setUpModule=_set_up, tearDownModule=_tear_down)


def watch_class(cls: Any) -> None:
    """Have groups of isolated tests know a class, and run its module's fixtures where its tests run."""
    groups.register(cls)
    module_attributes.change_class(cls.__module__, _MODULE_CLASS)
