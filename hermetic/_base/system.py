"""Functions of the standard library as they were before a framework replaced them.

gevent and eventlet put functions of their own in the place of those that wait: they run other tasks meanwhile, or need
an event loop. A supervisor and its workers must not depend on that, and some of them start after the replacement.
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
    """A function or class of a module as the standard library defines it; None where the platform lacks it.

    Args:
        module_name: the module that defines it, such as ``posix``.
        name: its name there.
    """
    module = sys.modules.get(module_name) or _import_module(module_name)
    found = getattr(module, name, None)
    if not _is_defined_by(module_name, found):
        found = getattr(_fresh_copy(module_name), name, None)
    return found


def _is_defined_by(module_name: str, found: Any) -> bool:
    """Whether a function or class is a module's own; a wrapper that ``functools.wraps`` has made is not."""
    names = getattr(found, "__dict__", {})
    return getattr(found, "__module__", None) == module_name and "__wrapped__" not in names


@functools.cache
def _fresh_copy(module_name: str) -> ModuleType:
    """A second copy of a module, with the functions that the first one had at its import."""
    from importlib.util import find_spec, module_from_spec  # not worth its start-up time where nothing is replaced

    spec = find_spec(module_name)
    if spec is None or spec.loader is None:
        raise ImportError(f"the standard library's module {module_name} has no loader", name=module_name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bound(module_name: str, name: str) -> Any:
    """The original, wrapped: libraries that fake the clock or the file system look for the originals in all modules."""
    found = original(module_name, name)
    return found and functools.partial(found)


sleep = bound("time", "sleep")
fork, pipe, close, write = (bound(os.name, name) for name in ("fork", "pipe", "close", "write"))
open_fd: Callable[..., int] = bound(os.name, "open")
read: Callable[[int, int], bytes] = bound(os.name, "read")
waitpid: Callable[[int, int], tuple[int, int]] = bound(os.name, "waitpid")


def poll() -> Any:
    """A new polling object, as ``select.poll`` makes it; not on Windows."""
    return original("select", "poll")()


POLLIN = 1  # as C has it on every system
