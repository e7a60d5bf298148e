"""Modules whose fixtures run in workers: every runner finds ``setUpModule`` and ``tearDownModule`` as attributes.

The module gets a class of its own, in which both are properties, so that they can be another thing for the runner than
they are for the module itself. Nothing in the module is replaced.
"""

from __future__ import annotations

import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True


def watch(name: str) -> None:
    """Look after the fixtures of a module, by its name."""
    module = sys.modules.get(name)
    if type(module) is types.ModuleType:
        module.__class__ = _WatchedModule


def _fixture(name: str, replace: Any) -> property:
    def get(module: Any) -> Any:
        from . import isolation  # loaded with the first isolated test

        own = vars(module).get(name)
        fixture = replace(module, own) if isolation.takes_fixtures_of_module(module) else own
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


def _set_up_elsewhere(_module: Any, own: Any) -> Any:
    """Workers set the module up before the first of its tests that each runs."""
    return None if own is None else lambda: None


def _tear_down_elsewhere(module: Any, _own: Any) -> Any:
    """Workers tear the module down; here, its group ends."""

    def tearDownModule() -> None:  # noqa: N802 - reported under unittest's name
        from . import isolation  # loaded with the first isolated test

        isolation.end_module(module.__name__)

    return tearDownModule


class _WatchedModule(types.ModuleType):
    """A module of isolated tests, as runners see it."""

    setUpModule = _fixture("setUpModule", _set_up_elsewhere)  # noqa: N815 - unittest's name
    tearDownModule = _fixture("tearDownModule", _tear_down_elsewhere)  # noqa: N815 - unittest's name
