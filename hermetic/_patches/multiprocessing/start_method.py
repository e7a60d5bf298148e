"""Patches multiprocessing's start method: the default of a run, and the method of a block."""

from __future__ import annotations

import contextlib
import sys

from ..._base import features
from ..._base.errors import ConfigurationError
from ..on_import import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

METHODS = ("spawn", "forkserver", "fork")


@contextlib.contextmanager
def default_start_method(method: str, *, afresh: bool = False) -> Iterator[None]:
    """Make a start method the default for a block.

    The default is what holds until somebody calls ``set_start_method``: legacy suites may still do so, once.

    Args:
        method: ``spawn``, ``forkserver``, ``fork``; ``platform`` leaves the interpreter's own, ``all`` begins
            with the first of ``methods``.
        afresh: whether a method that was set before, be it by asking for it, does not hold in the block.

    Raises:
        ConfigurationError: the platform has no such method.
    """
    check_available(method)
    if method == "all":
        method = methods()[0]
    if method == "platform":
        yield
        return
    restore: list[Any] = []

    def set_default(context: Any) -> None:
        default = context._default_context
        restore.append((default, default._default_context, default._actual_context))
        default._default_context = default.get_context(method)
        if afresh:
            default._actual_context = None

    stop = when_imported("multiprocessing.context", set_default)
    try:
        yield
    finally:
        stop()
        for default, usual, actual in restore:
            default._default_context, default._actual_context = usual, actual


def check_available(method: str) -> None:
    """Make sure that this platform has a start method.

    Raises:
        ConfigurationError: it has not.
    """
    if features.WINDOWS and method in METHODS[1:]:
        raise ConfigurationError(
            f"this platform has no start method {method!r}; write 'spawn', which every platform has"
        )


def methods() -> list[str]:
    """The start methods of this platform. The first of them exists on all platforms."""
    from multiprocessing import get_all_start_methods  # not worth its start-up time where one method will do

    return [method for method in METHODS if method in get_all_start_methods()]


def method_in_force() -> str:
    """The start method in force. Unlike ``get_start_method``, asking for it does not set it."""
    default = _context()._default_context
    method: str = (default._actual_context or default._default_context).get_start_method()
    return method


def default_method() -> str:
    """The start method that is used if none is set."""
    method: str = _context()._default_context._default_context.get_start_method()
    return method


def set_default(method: str) -> None:
    """Make a start method the default of this process."""
    default = _context()._default_context
    default._default_context = default.get_context(method)


def replace_method(method: str) -> Any:
    """Set the start method of this process, and return what ``restore_method`` needs to set it back."""
    default = _context()._default_context
    before = default._actual_context
    default._actual_context = default.get_context(method)
    return before


def restore_method(before: Any) -> None:
    """Set back what ``replace_method`` has replaced."""
    _context()._default_context._actual_context = before


def _context() -> Any:
    return sys.modules["multiprocessing.context"]
