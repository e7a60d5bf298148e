"""The seams of multiprocessing: the start method, and what spawned children are told.

    default_start_method   the default is set before the first test module is imported, and set back
    watch                  children learn the policy of the test that starts them from the preparation data,
                           which every spawned child unpickles before it does anything else

multiprocessing is not worth its start-up time: both wait until somebody imports it.
"""

from __future__ import annotations

import contextlib
import functools
import sys

from ._guards import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


@contextlib.contextmanager
def default_start_method(method: str) -> Iterator[None]:
    """Make a start method the default for a block.

    The default is what holds until somebody calls ``set_start_method``: legacy suites may still do so, once.

    Args:
        method: ``spawn``, ``forkserver``, ``fork``; ``platform`` leaves the interpreter's own.
    """
    if method == "platform":
        yield
        return
    restore: list[Any] = []

    def set_default(context: Any) -> None:
        default = context._default_context
        restore.append((default, default._default_context, default._actual_context))
        default._default_context = default.get_context(method)

    stop = _once_imported("multiprocessing.context", set_default)
    try:
        yield
    finally:
        stop()
        for default, usual, actual in restore:
            default._default_context, default._actual_context = usual, actual


def watch() -> None:
    """From now on, tell the children that multiprocessing spawns which policy they are under."""
    _once_imported("multiprocessing.spawn", _extend_preparation_data)


def _extend_preparation_data(spawn: Any) -> None:
    original = spawn.get_preparation_data

    @functools.wraps(original)
    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        scope = state.active()
        if scope is None or scope.policy is None:
            return data
        from ._guards import children  # loaded with the guard, not with every run

        children.prepare(scope)
        return {"hermetic": _Boot(children.boot_code(scope)), **data}

    spawn.get_preparation_data = get_preparation_data


class _Boot:
    """Pickles as a call of ``exec``: needs nothing of ours, nor a path to it, to be unpickled."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code, {"__name__": "hermetic_boot"})


def _once_imported(name: str, use: Callable[[Any], None]) -> Callable[[], None]:
    """Call a function with a module as soon as it is imported; returns what stops the waiting."""
    if name in sys.modules:
        use(sys.modules[name])
        return lambda: None
    finder = _Finder(name, use)
    sys.meta_path.insert(0, finder)
    return finder.stop


class _Finder:
    """Finds one module as the other finders do, and has a function called when it has been executed."""

    def __init__(self, name: str, use: Callable[[Any], None]) -> None:
        self._name = name
        self._use = use

    def stop(self) -> None:
        """Look for the module no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders give, with its loader's ``exec_module`` extended."""
        if name != self._name:
            return None
        self.stop()
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                self._use(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
