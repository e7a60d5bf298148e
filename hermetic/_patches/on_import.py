"""Patches sys.meta_path: calls a function with a module as soon as the module is imported."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def when_imported(name: str, use: Callable[[Any], None]) -> Callable[[], None]:
    """Call a function with a module once it has been executed, or now if it has.

    Returns:
        A function that cancels the call.
    """
    if name in sys.modules:
        use(sys.modules[name])
        return lambda: None
    _finder.waiting.setdefault(name, []).append(use)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    return lambda: _finder.forget(name, use)


class _Finder:
    """Finds modules by means of the other finders, and calls the waiting functions once a module is executed."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Callable[[Any], None]]] = {}
        self._finding: set[str] = set()

    def forget(self, name: str, use: Callable[[Any], None]) -> None:
        """Cancel the call of a function."""
        if use in self.waiting.get(name, ()):
            self.waiting[name].remove(use)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders give, with its loader's ``exec_module`` extended."""
        if not self.waiting.get(name) or name in self._finding:
            return None
        import importlib.util

        self._finding.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._finding.discard(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                for use in self.waiting.pop(name, ()):
                    use(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


_finder = _Finder()
