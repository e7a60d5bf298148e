"""Finds the marks of a test: on its method, its class, base classes, and its module, the nearest first.

What is found for classes is cached until the settings change.
"""

from __future__ import annotations

import sys
import types
import unittest

from .._base import real, spelling
from .._base.errors import DecorationError
from .._settings.current_run import current_run
from .._stdlib import unittest_internals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol, TypeVar

    from .._base.sizes import Size
    from .._policy.decision import Allowance

    _Found = TypeVar("_Found")

    class AnyMark(Protocol):
        """What a mark (``marks.Mark``) says about a test."""

        size: Size | None
        allowance: Allowance
        isolation: tuple[str | None, float | None, str | None] | None
        retries: int | None
        timeout: float | None


# What only one of the marks of an object may give: the attributes of marks, and their names for people.
EXCLUSIVE = {"size": "size", "isolation": "isolation", "retries": "number of retries", "timeout": "time-out"}

_classes: dict[int, type] = {}  # by id, because a metaclass may leave its classes without a hash
_caches: list[dict[Any, Any]] = [_classes]


def is_mark(value: object) -> bool:
    """Whether a value is a mark. Only its type is checked, because ``isinstance`` would evaluate a lazy object."""
    return issubclass(type(value), current_run.mark_types)


def is_method_call(args: tuple[Any, ...]) -> bool:
    """Whether a marked function is called with a test as its first argument. Only its type is checked."""
    return bool(args) and issubclass(type(args[0]), unittest.TestCase)


def new_cache() -> dict[Any, Any]:
    """Return a cache of what is found for classes, by their ids; callers ``keep`` each class."""
    _caches.append({})
    return _caches[-1]


def keep(cls: type) -> None:
    """Keep a class alive while something is cached for its id."""
    _classes[id(cls)] = cls


_found: dict[tuple[Any, int, str], Any] = new_cache()  # by function, class and name of a method


def found_once(find: Callable[[type, str], _Found], cls: type, name: str) -> _Found:
    """Return what a function finds for a method of a class, and keep it; methods without marks share what is found.

    Args:
        name: the name of the method.
    """
    marks = getattr(getattr(cls, name, None), "__hermetic__", ()) if name else ()
    if type(marks) is tuple and not marks:
        name = ""  # what holds for the class as a whole
    key = (find, id(cls), name)
    if key not in _found:
        keep(cls)
        _found[key] = find(cls, name)
    found: _Found = _found[key]
    return found


def forget() -> None:
    """Clear all caches, after the settings have changed."""
    for cache in _caches:
        cache.clear()
    current_run.last_proxy = None  # has the scope of a test, for those that follow it


_marked_methods: dict[int, bool] = new_cache()


def has_marked_methods(cls: type) -> bool:
    """Whether a class, or one that it inherits from, has a method with a mark of its own."""
    return current_run.functions_are_marked and any(
        _has_own_marked_methods(base) for base in cls.__mro__ if base is not unittest.TestCase
    )


def _has_own_marked_methods(cls: type) -> bool:
    if id(cls) not in _marked_methods:
        keep(cls)
        _marked_methods[id(cls)] = any(
            type(value) is types.FunctionType and hasattr(value, "__hermetic__") for value in vars(cls).values()
        )
    return _marked_methods[id(cls)]


def own_method(test: object) -> Any:
    """Return the method that was put on one test in place of its class's, as ``load_tests`` may do; None for none.

    Without marked functions there is nothing to look for, because the marks of the class apply.
    """
    if not current_run.functions_are_marked:
        return None
    name = unittest_internals.test_method_name(test)
    method = getattr(test, "__dict__", {}).get(name)
    return None if method is None or is_of_class(method, type(test), name) else method


def marks_of_method(test: object) -> Any:
    """Return the marks of the method that a test runs, be it of its class or put on the test; () for none."""
    name = unittest_internals.test_method_name(test)
    method = getattr(test, "__dict__", {}).get(name)
    return getattr(getattr(type(test), name, None) if method is None else method, "__hermetic__", ())


def is_of_class(method: Any, cls: type, name: str) -> bool:
    """Whether a method that was put on a test is that of its class, as under pytest."""
    of_class = getattr(cls, name, None)
    return bool(real.function_of(method) is real.function_of(of_class))


def marks_of(cls: type, method_name: str, own: Any = None) -> Iterator[tuple[str, tuple[AnyMark, ...]]]:
    """Yield the marks of a test with the place of each: ``method``, ``class``, ``module``; the nearest first.

    Args:
        method_name: the name of its method; empty for the class as a whole.
        own: the method that was put on the test (``own_method``).

    Raises:
        DecorationError: the marks of a place are wrong (``as_marks``).
    """
    if method_name:
        method = getattr(cls, method_name, None) if own is None else own
        yield "method", marks_on(method, f"{cls.__qualname__}.{method_name}")
    for base in cls.__mro__:
        if "__hermetic__" in vars(base):
            yield "class", as_marks(vars(base)["__hermetic__"], base.__qualname__)
    refuse_misspelt(cls)
    yield "module", marks_of_module(cls.__module__)


# Classes and modules that were checked, by id, each with the number of its names then: more may come while it loads.
_well_spelt: dict[int, tuple[Any, int]] = new_cache()


def refuse_misspelt(cls: type) -> None:
    """Refuse attributes of a class and of its module whose names look like ``__hermetic__``."""
    places = (f"module {cls.__module__}", sys.modules.get(cls.__module__)), (f"class {cls.__qualname__}", cls)
    for place, holder in places:
        names = real.names_in(holder)
        if id(holder) in _well_spelt and _well_spelt[id(holder)][1] == len(names):
            continue
        for name, value in list(names.items()) if "__hermetic__" not in names else ():
            if "_" in (name[:1], name[-1:]) and _is_misspelt(name, value):
                raise DecorationError(f"{place}: {name} = {value!r} has no effect; write __hermetic__")
        _well_spelt[id(holder)] = holder, len(names)


def _is_misspelt(name: str, value: object) -> bool:
    """Whether a name is nearly ``__hermetic__``, and its underscores or its value show that it was meant to be."""
    inner = name.strip("_")
    if inner == name or not spelling.is_near(inner, "hermetic"):
        return False
    if name.startswith("__") and name.endswith("__"):
        return True
    values: Any = value if type(value) in (list, tuple) else (value,)
    return any(map(is_mark, values))


def marks_on(function: object, place: str) -> tuple[AnyMark, ...]:
    """Return the marks of a function or another object."""
    return as_marks(getattr(function, "__hermetic__", ()), place)


def marks_of_module(name: str) -> tuple[AnyMark, ...]:
    """Return the marks of a module, by its name."""
    value = real.names_in(sys.modules.get(name)).get("__hermetic__", ())
    return as_marks(value, f"module {name}")


def as_marks(value: object, place: str) -> tuple[AnyMark, ...]:
    """Return the value of a ``__hermetic__`` attribute as marks.

    Raises:
        DecorationError: it is neither a mark nor a list or tuple of marks, or holds two sizes, isolations, numbers of
            retries or time-outs.
    """
    marks = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not all(hasattr(mark, "isolation") and hasattr(mark, "size") for mark in marks):
        message = (
            f"{place}: __hermetic__ = {value!r} is not a mark or a list of marks; write one such as hermetic.small"
        )
        raise DecorationError(message)
    for attribute, name in EXCLUSIVE.items():
        if sum(getattr(mark, attribute) is not None for mark in marks) > 1:
            raise DecorationError(f"{place} has more than one {name}: {_listed(marks)}")
    return marks


def _listed(marks: tuple[AnyMark, ...]) -> str:
    return ", ".join(map(repr, marks))


def is_protected(cls: type) -> bool:
    """Whether a class, or one of its bases, is protected."""
    return any(is_own(base) for base in cls.__mro__)


def is_own(cls: type) -> bool:
    """Whether a class itself is protected, so that its ``run`` is ours."""
    return "_hermetic_protected" in vars(cls)
