"""Installs guarded functions instead of originals, in every module that has imported them."""

from __future__ import annotations

import gc
import sys

from .._base import real
from .._guards import audit
from .._verdicts import faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any


def guarded(original: Callable[..., Any], operation_of: Callable[..., Any]) -> Callable[..., Any]:
    """A function that asks the judge first.

    Args:
        operation_of: is called with the same arguments, and returns the operation; None if there is nothing to judge.
    """

    def ask(*args: Any, **kwargs: Any) -> None:
        operation = operation_of(*args, **kwargs)
        if operation is not None:
            audit.judge(operation)

    function: Callable[..., Any] = faults.entrance(original, ask)
    return function


def replace_everywhere(patches: Iterable[tuple[dict[str, Any], str, Any]], *, sweep: bool) -> None:
    """Replace functions by guarded ones.

    Args:
        patches: the namespace of a module or a class, the name, and the replacement.
        sweep: whether to replace what other modules have imported by name, as in
            ``from _posixsubprocess import fork_exec``; it takes one pass over the heap.

    The garbage collector also finds modules that nobody can import, but looks at nothing that was there before the
    command started, or before a worker was forked.
    """
    replacements = {}
    for namespace, name, replacement in patches:
        replacements[id(namespace[name])] = namespace[name], replacement
        namespace[name] = replacement
    for names in _namespaces([original for original, _ in replacements.values()]) if sweep else ():
        if replacements.keys().isdisjoint(map(id, [*names.values()])):
            continue  # nearly all: a loop over their names in Python would take three times as long
        for name, value in list(names.items()):
            if id(value) in replacements:
                names[name] = replacements[id(value)][1]


def _namespaces(originals: list[Any]) -> Iterator[dict[str, Any]]:
    """The namespaces of modules that may hold any of the originals."""
    yield from map(real.names_in, list(sys.modules.values()))
    for holder in gc.get_referrers(*originals):
        if type(holder) is dict and "__name__" in holder:
            yield holder
