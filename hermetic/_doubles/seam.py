"""Puts the replacements of a double in place while a double is active, and takes them out after the last."""

from __future__ import annotations

import functools

from .._base import features
from .._base.errors import ConflictError, UnmockedInteractionError
from .._guards import audit_hook
from .._operations import callsite
from .._patches import child_starts, installation
from .._verdicts import faults
from . import child_streams, communication, popen_methods
from .active_doubles import doubles
from .doubled_child import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .active_doubles import Double

_replacements = child_starts.Replacements()


def activate(double: Double) -> None:
    """Have a double answer from now on.

    Raises:
        ConflictError: somebody else has replaced a function that the double must replace.
    """
    with doubles.lock:
        child_starts.check_for_conflicts()
        if not doubles.stack:
            installation.install()  # were it installed later, it would stand in our replacements, not below them
            _replacements.put_in_place(
                methods=popen_methods.REPLACEMENTS,
                clock=communication.now if features.WINDOWS else clock.now,
                selector=child_streams.waiting_selector,
                which=_answering_which,
                transport=_making_transport,
            )
            _watch_other_routes()
        doubles.stack.append(double)


def deactivate(double: Double) -> None:
    """Have a double answer no longer.

    Raises:
        ConflictError: somebody has replaced a function of the double's meanwhile, and not put it back.
    """
    conflicts: list[ConflictError] = []
    with doubles.lock:
        if double in doubles.stack:
            doubles.stack.remove(double)
        if not doubles.stack:
            conflicts = _replacements.take_out()
    if conflicts:
        raise conflicts[0]


def _answering_which(original: Callable[..., Any]) -> Callable[..., Any]:
    def answer(cmd: Any, mode: int, path: Any) -> Any:
        double = doubles.answering()
        return original(cmd, mode, path) if double is None else double.answer_which(cmd)

    return answer


def _making_transport(original: Any) -> Any:
    from . import asyncio_children  # saves 40 ms where asyncio is not in use

    return asyncio_children.making_transport(original)


_OTHER_ROUTES = (
    *("os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec"),
    *("os.spawn", "os.startfile", "_winapi.CreateProcess"),  # on Windows
)
_OWN_PROCESSES = ("multiprocessing.popen_fork", "multiprocessing.popen_spawn_win32")  # which are the guard's business


@functools.cache
def _watch_other_routes() -> None:
    """Refuse processes that are started past the subprocess module, from now on: a listener cannot be removed."""
    for event in _OTHER_ROUTES:
        refuse = functools.partial(_refuse_route, event)
        audit_hook.add_listener(event, faults.shielded(refuse, UnmockedInteractionError))


def _refuse_route(event: str, _: tuple[Any, ...]) -> None:
    double = None if doubles.is_letting_through() else doubles.answering()
    if double is not None and not any(map(callsite.is_inside, _OWN_PROCESSES)):
        double.refuse_route(event)
