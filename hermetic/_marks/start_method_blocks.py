"""``start_method(method)``: the start method of multiprocessing for a block, a function or the tests of a class."""

from __future__ import annotations

import contextlib
import inspect

from .._base.errors import ConfigurationError, DecorationError
from .._patches.multiprocessing.start_method import METHODS, check_available, replace_method, restore_method
from .block_wrappers import wrapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any, Literal

    from .block_wrappers import T

__unittest = True  # keeps our frames out of unittest's tracebacks


class start_method:  # noqa: N801 - used as a function: `with start_method("fork"):`, `@start_method("fork")`
    """Sets the start method of multiprocessing for a block, a function or the tests of a class.

    It applies to the whole process, as ``multiprocessing.set_start_method`` does. Afterwards, the previous state is
    restored. Existing pools, executors and contexts keep their method. On a class, it applies to each method whose name
    begins with ``test``, and to the set-up before it.

    Args:
        method: ``spawn``, ``forkserver`` or ``fork``.

    Raises:
        ConfigurationError: the method is unknown, or the platform does not have it.

    Example:
        >>> with start_method("spawn"):
        ...     multiprocessing.get_start_method()
        'spawn'
    """

    def __init__(self, method: Literal["spawn", "forkserver", "fork"]) -> None:
        if method not in METHODS:
            raise ConfigurationError(f"{method!r} is not a start method; write one of {', '.join(map(repr, METHODS))}")
        check_available(method)
        self._method = method
        self._before: list[Any] = []

    def __enter__(self) -> None:
        self._before.append(replace_method(self._method))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        restore_method(self._before.pop())

    def __call__(self, decorated: T, /) -> T:
        """Wrap a function, or the tests of a class, so that they run under the method.

        Raises:
            DecorationError: it is neither.
        """
        found: Any = decorated
        if not isinstance(found, type):
            return self._wrap(found)  # type: ignore[no-any-return]
        for name in dir(found):
            if name.startswith("test") and callable(getattr(found, name)):
                written = inspect.getattr_static(found, name)
                is_bare = not isinstance(written, (staticmethod, classmethod))
                setattr(found, name, self._wrap(getattr(found, name) if is_bare else written))
        return decorated

    def _wrap(self, function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self._wrap(function.__func__))
        if not inspect.isroutine(function):
            raise DecorationError(f"@start_method({self._method!r}) takes a function or a class, not {function!r}")
        return wrapping(lambda *_: _Steps(self._method))(function)


class _Steps(start_method):
    """The method as a block that is entered for each step of a call."""

    def concluding(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()
