"""Makes code immortal (PEP 683), so that forked processes share its memory.

Each call of a function changes the reference counts of the function, its code, its module and its class. In a forked
process, the first such change copies a page of memory. The reference count of an immortal object never changes.
"""

from __future__ import annotations

import gc
import sys
import types

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_DATA = frozenset({str, int, float, bool, bytes, type(None), dict, list, set, frozenset})
_OF_C = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
_AROUND_FUNCTIONS = (staticmethod, classmethod, property, types.CellType, tuple)
_module_of_class = vars(type)["__module__"].__get__


def make_immortal(packages: Iterable[str]) -> None:
    """Make the functions, classes and modules of packages immortal, where Python has immortal objects."""
    if not features.HAS_IMMORTAL_OBJECTS:
        return
    ctypes = real.import_module("ctypes")
    count_of = ctypes.c_uint32.from_address
    probe = object()
    if count_of(id(probe)).value != 1:  # reference counts are elsewhere, as without the GIL
        return
    immortal = count_of(id(None)).value
    for identity in _code_of({*packages}):
        count_of(identity).value = immortal


def _code_of(packages: set[str]) -> dict[int, Any]:
    """Return the objects that make up the code of packages, by their identity."""
    found: dict[int, Any] = {}
    left: list[Any] = [module for name, module in [*sys.modules.items()] if name.partition(".")[0] in packages]
    while left:
        thing = left.pop()
        kind = type(thing)
        if kind in _DATA or id(thing) in found:
            continue
        if kind is types.CodeType:
            found[id(thing)] = thing
            left += [constant for constant in thing.co_consts if type(constant) in (types.CodeType, tuple)]
        elif kind in _OF_C:
            found[id(thing)] = thing
        elif kind in _AROUND_FUNCTIONS:
            found[id(thing)] = thing
            left += gc.get_referents(thing)
        elif _is_of(packages, thing):
            found[id(thing)] = thing
            parts = gc.get_referents(thing)
            found.update((id(part), part) for part in parts if type(part) is dict)  # its namespace
            left += parts
            left += real.names_in(thing).values()
    return found


def _is_of(packages: set[str], thing: Any) -> bool:
    """Whether a thing is a module, a class or a function of one of the packages."""
    kind = type(thing)
    if kind is types.ModuleType:
        name = real.names_in(thing).get("__name__")
    elif kind is types.FunctionType:
        name = thing.__module__
    elif issubclass(kind, type):
        name = _module_of_class(thing)
    else:
        return False
    return type(name) is str and name.partition(".")[0] in packages
