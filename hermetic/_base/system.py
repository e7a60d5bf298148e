"""Finds the original functions of the standard library, even after a framework has replaced them.

gevent and eventlet replace the functions that wait by functions that run other tasks meanwhile, or need an event loop.
A supervisor and its workers must not depend on these, and some of them start after the replacement.
"""

from __future__ import annotations

import functools
import os
import sys
from importlib import import_module as _import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def original(module_name: str, name: str) -> Any:
    """Return a function or class as the standard library defines it; None where the platform lacks it."""
    module = sys.modules.get(module_name) or _import_module(module_name)
    found = getattr(module, name, None)
    if not _is_defined_by(module_name, found):
        found = getattr(_fresh_copy(module_name), name, None)
    return found


def _is_defined_by(module_name: str, found: Any) -> bool:
    """Whether a module itself defines a function or class; a wrapper made with ``functools.wraps`` does not count."""
    names = getattr(found, "__dict__", {})
    return getattr(found, "__module__", None) == module_name and "__wrapped__" not in names


@functools.cache
def _fresh_copy(module_name: str) -> ModuleType:
    """Import a second copy of a module, which has its original functions."""
    from importlib.util import find_spec, module_from_spec  # needed only where a framework has replaced functions

    spec = find_spec(module_name)
    if spec is None or spec.loader is None:
        raise ImportError(f"the standard library's module {module_name} has no loader", name=module_name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bound(module_name: str, name: str) -> Any:
    """Wrap an original function: libraries that fake clocks or files replace the originals in all modules."""
    found = original(module_name, name)
    return found and functools.partial(found)


sleep = bound("time", "sleep")
fork, pipe, close, write = (bound(os.name, name) for name in ("fork", "pipe", "close", "write"))
open_fd: Callable[..., int] = bound(os.name, "open")
read: Callable[[int, int], bytes] = bound(os.name, "read")
waitpid: Callable[[int, int], tuple[int, int]] = bound(os.name, "waitpid")


def poll() -> Any:
    """Create a polling object, as ``select.poll`` does; not on Windows."""
    return original("select", "poll")()


POLLIN = 1  # the value in C on every system
