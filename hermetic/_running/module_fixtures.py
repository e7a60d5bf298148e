"""Modules whose fixtures run in workers: every runner finds ``setUpModule`` and ``tearDownModule`` as attributes.

The module gets a class of its own, in which both are properties, so that they can be another thing for the runner than
they are for the module itself. Nothing in the module is replaced.
"""

from __future__ import annotations

import sys
import types

from .._rules import groups, policies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True


def watch(name: str) -> None:
    """Look after the fixtures of a module, by its name."""
    module = None if name.partition(".")[0] in sys.stdlib_module_names else sys.modules.get(name)
    if type(module) is types.ModuleType:
        module.__class__ = _WatchedModule


def _fixture(name: str, seen_by_runner: Any) -> property:
    def get(module: Any) -> Any:
        fixture = seen_by_runner(module, vars(module).get(name))
        if fixture is None:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return fixture

    def set_(module: Any, value: Any) -> None:
        vars(module)[name] = value

    def delete(module: Any) -> None:
        if name not in vars(module):
            raise AttributeError(name)
        del vars(module)[name]

    return property(get, set_, delete)


def _set_up(module: Any, own: Any) -> Any:
    """Nothing for a wholly isolated module: each worker sets it up before the first of its tests."""
    return (lambda: None) if own is not None and _fixtures_run_elsewhere(module) else own


def _tear_down(module: Any, own: Any) -> Any:
    """The module's own, if it is not for workers to run; and the end of the groups that end with the module."""
    if not policies.hands_tests_over():
        return own
    own = _set_up(module, own)
    if not groups.are_in(module.__name__):
        return own

    def tearDownModule() -> None:
        from .._workers import isolation  # loaded with the first isolated test

        try:
            if own is not None:
                own()
        finally:
            isolation.end_module(module.__name__)

    return tearDownModule


def _fixtures_run_elsewhere(module: Any) -> bool:
    return policies.hands_tests_over() and groups.is_wholly_isolated_module(module)


class _WatchedModule(types.ModuleType):
    """A module of isolated tests, as runners see it."""

    setUpModule = _fixture("setUpModule", _set_up)
    tearDownModule = _fixture("tearDownModule", _tear_down)
