"""Patches multiprocessing's start method: the default of a run, and ``start_method`` for a block, function or class."""

from __future__ import annotations

import contextlib
import functools
import sys

from ..._base.errors import ConfigurationError, DecorationError
from ..on_import import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
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
    """
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


def _context() -> Any:
    return sys.modules["multiprocessing.context"]


class start_method:  # noqa: N801 - used as a function: `with start_method("fork"):`, `@start_method("fork")`
    """Have multiprocessing start processes by another method, for a block, a function or a TestCase class.

    It holds for the whole process, as ``multiprocessing.set_start_method`` does, and what was set before is set
    again afterwards, be it nothing. Pools, executors and contexts that there are already keep their method.
    Of a class, it holds for the methods whose names begin with ``test``, each with its own set-up done before.

    Args:
        method: ``spawn``, ``forkserver`` or ``fork``.

    Raises:
        ConfigurationError: the method is none of these, or the platform lacks it.

    Example:
        >>> with start_method("spawn"):
        ...     multiprocessing.get_start_method()
        'spawn'
    """

    def __init__(self, method: str) -> None:
        if method not in METHODS:
            raise ConfigurationError(f"{method!r} is not a start method; write one of {', '.join(map(repr, METHODS))}")
        if method not in methods():
            raise ConfigurationError(f"this platform has no start method {method!r}; write 'spawn', which all have")
        self._method = method
        self._before: list[Any] = []

    def __enter__(self) -> None:
        default = _context()._default_context
        self._before.append(default._actual_context)
        default._actual_context = default.get_context(self._method)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _context()._default_context._actual_context = self._before.pop()

    def __call__(self, decorated: Any) -> Any:
        """Wrap a function, or the tests of a class, so that they run under the method.

        Raises:
            DecorationError: it is neither.
        """
        if isinstance(decorated, type):
            for name in dir(decorated):
                if name.startswith("test") and callable(getattr(decorated, name)):
                    setattr(decorated, name, self(getattr(decorated, name)))
            return decorated
        import inspect

        if not inspect.isroutine(decorated):
            raise DecorationError(f"@start_method({self._method!r}) takes a function or a class, not {decorated!r}")
        if inspect.iscoroutinefunction(decorated):

            @functools.wraps(decorated)
            async def coroutine_wrapper(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await decorated(*args, **kwargs)

            return coroutine_wrapper

        @functools.wraps(decorated)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return decorated(*args, **kwargs)

        return wrapper
