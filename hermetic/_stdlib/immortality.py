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

# What has no parts, and nothing that notices its end: neither weak references nor a finalizer.
_WITHOUT_PARTS = frozenset({
    *(str, int, float, bytes),
    *(types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, types.ClassMethodDescriptorType),
})  # fmt: skip
_LEFT_ALONE = frozenset({bool, type(None), dict, list, set, frozenset})
_AROUND_FUNCTIONS = (staticmethod, classmethod, property, types.CellType, tuple)
# The address of an object, divided by 16: id() raises an audit event, which calls a function for each of many objects.
_place_of = object.__hash__
_ALIGNMENT, _MAX_PLACE = 16, 2**58
_COUNT_BYTES = 4
_module_of_class = vars(type)["__module__"].__get__


def make_immortal(packages: Iterable[str]) -> None:
    """Make the functions, classes and modules of packages immortal, where Python has immortal objects."""
    if not features.HAS_IMMORTAL_OBJECTS:
        return
    ctypes = real.import_module("ctypes")
    count_of = ctypes.c_uint32.from_address
    probe = object()
    # Reference counts are elsewhere without the GIL.
    if count_of(id(probe)).value != 1 or _place_of(probe) * _ALIGNMENT != id(probe):
        return
    immortal = count_of(id(None)).value
    # The hash of what is not so aligned is out of bounds; such objects are static, and immortal already.
    places = [place for place in _code_of({*packages}) if 0 < place < _MAX_PLACE]
    first = min(places)
    step = _ALIGNMENT // _COUNT_BYTES
    counts = (ctypes.c_uint32 * ((max(places) - first) * step + 1)).from_address(first * _ALIGNMENT)
    for place in places:  # to index an array takes a fifth of the time of making an object for each
        counts[(place - first) * step] = immortal


def _code_of(packages: set[str]) -> dict[int, Any]:
    """Return the objects that make up the code of packages, by their places."""
    found: dict[int, Any] = {}
    left: list[Any] = [module for name, module in [*sys.modules.items()] if name.partition(".")[0] in packages]
    while left:
        thing = left.pop()
        kind = type(thing)
        if kind in _LEFT_ALONE or (place := _place_of(thing)) in found:
            continue
        if kind in _WITHOUT_PARTS:
            found[place] = thing
        elif kind is types.CodeType:
            found[place] = thing
            left += thing.co_consts
        elif kind in _AROUND_FUNCTIONS:
            found[place] = thing
            left += gc.get_referents(thing)
        elif _is_of(packages, thing):
            found[place] = thing
            parts = gc.get_referents(thing)
            found.update((_place_of(part), part) for part in parts if type(part) is dict)  # its namespace
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
