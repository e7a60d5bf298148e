"""Adds the only audit hook of this process, which calls the functions that are registered for an event."""

from __future__ import annotations

import functools
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Listener: TypeAlias = Callable[[tuple[Any, ...]], None]


def add_listener(event: str, listener: Listener) -> None:
    """Call a function with the arguments of each event of a name, until the process ends.

    Functions for the same event are called in the order of their registration, until one of them raises an exception.

    Args:
        listener: the function. It should be ``faults.shielded``: nothing stands between it and the code under test.
    """
    listeners = hook_listeners()
    earlier = listeners.get(event)
    listeners[event] = listener if earlier is None else functools.partial(_call_both, earlier, listener)


def _call_both(earlier: Listener, later: Listener, args: tuple[Any, ...]) -> None:
    earlier(args)
    later(args)


@functools.cache
def hook_listeners() -> dict[str, Listener]:
    """Add the hook, which Python cannot remove again, by the first call; return the function to call for each event."""
    listeners: dict[str, Listener] = {}

    # `_find` is a default argument because most events cost no more than this look-up.
    def hook(event: str, args: tuple[Any, ...], _find: Any = listeners.get) -> None:
        listener = _find(event)
        if listener is not None:
            listener(args)

    # Only where coverage measures child processes, as in the tests of hermetic: a trace function that a test sets
    # would see the hook, and all that it calls.
    if any(name.startswith("COVERAGE_PROCESS_") for name in os.environ):
        hook.__cantrace__ = True  # type: ignore[attr-defined]
    sys.addaudithook(hook)
    return listeners
