"""Looks at the TestCase classes that are defined, and loads what protects them once there is one with a mark."""

from __future__ import annotations

import functools
import itertools
import operator
import sys

from .._base import real
from .._rules import marking
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any

    from .._policy.decision import Policy

_marking_modules: set[str] = set()
# The names of the module of the last class, and the last one of them then.
_looked_at: list[tuple[dict[str, Any], str]] = [({}, "")]


def look_at_new(cls: Any) -> None:
    """Protect a class that was just defined, if it has marks."""
    is_marked = _is_marked(cls)
    if is_marked or current_run.functions_are_marked:
        protection().look_at(cls, is_marked=is_marked)


def policy_outside(subject: type | str) -> Policy | None:
    """Return the policy of a class's fixtures, or of a module's import and fixtures, by the module's name."""
    found: Policy | None = protection().policies.outside_of_tests(subject)
    return found


def children_of_process() -> Iterable[int]:
    """Return the process ids of this process's children that have not ended."""
    found: Iterable[int] = protection().guarding().process_tree.living_children()
    return found


def protection() -> ModuleType:
    """Load what protects classes."""
    from . import class_protection  # saves 4 ms in processes without marked classes

    return class_protection


def _new_values(names: dict[str, Any]) -> list[Any]:
    """The values of the names that a module has got since its last class: to look at all for each class adds up.

    A name from before that class, which has got another value since, is missed. That matters only where it got a mark,
    or hermetic itself, no other name has one, and ``__hermetic__`` follows below all classes.
    """
    known, last = _looked_at[0]
    is_new = functools.partial(operator.ne, last if known is names else "")
    found = [*itertools.takewhile(is_new, reversed(names))]
    if found:
        _looked_at[0] = names, found[0]
    return [names.get(name) for name in found]


def _is_marked(cls: type) -> bool:
    """Whether a class has, or may yet get, a mark: one of its own, or by ``__hermetic__`` below it in its module."""
    if cls.__module__ in _marking_modules:
        return True
    names = real.names_in(sys.modules.get(cls.__module__))
    hermetic = sys.modules.get(__package__.partition(".")[0])
    if any(value is hermetic or marking.is_mark(value) for value in _new_values(names)):
        _marking_modules.add(cls.__module__)
        return True
    return (
        "__hermetic__" in names
        or marking.is_protected(cls)
        or marking.has_marked_methods(cls)
        or any("__hermetic__" in vars(base) for base in cls.__mro__)
    )
