"""Patches the class of test modules: some of their attributes are computed whenever ``getattr`` reads them.

Runners use ``getattr``. From Python 3.14 on, code that often reads ``module.name`` gets the module's own attribute.
"""

from __future__ import annotations

import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__unittest = True


def module_class(**computed: Callable[[Any, Any], Any]) -> type[types.ModuleType]:
    """A class of modules with computed attributes. What the module itself reads and writes is its own attribute.

    Args:
        **computed: for each attribute, a function that is called with the module and with the module's own attribute,
            or None where it has none; returns the attribute, or None for none.
    """
    return type("ComputingModule", (types.ModuleType,), {name: _computed(name, get) for name, get in computed.items()})


def _computed(name: str, compute: Callable[[Any, Any], Any]) -> property:
    def get(module: Any) -> Any:
        value = compute(module, vars(module).get(name))
        if value is None:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return value

    def set_(module: Any, value: Any) -> None:
        vars(module)[name] = value

    def delete(module: Any) -> None:
        if name not in vars(module):
            raise AttributeError(name)
        del vars(module)[name]

    return property(get, set_, delete)


def change_class(name: str, cls: type[types.ModuleType]) -> None:
    """Give a module a class, unless it is the standard library's, or has a class of its own."""
    module = None if name.partition(".")[0] in sys.stdlib_module_names else sys.modules.get(name)
    if type(module) is types.ModuleType:
        module.__class__ = cls
