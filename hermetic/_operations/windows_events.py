"""Reads what only Windows has as operations: named pipes, the registries of other machines, starts of processes."""

from __future__ import annotations

import re

from .._base import features
from .._base.records import Operation
from .._base.sizes import NETWORK
from .._policy.decision import INET, UNIX
from . import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# \\.\pipe\name on this machine, \\host\pipe\name on another one; any slash is as good as a backslash.
_PIPE = r"(?i)[\\/]{2}(?:[?.][\\/]UNC[\\/])?([^\\/]+)[\\/]pipe[\\/]"
_THIS_MACHINE = (".", "?")


def pipe_operation(api: str, action: str, path: Any) -> Operation | None:
    """Describe the use of a named pipe; None for a path that names something else.

    A pipe of this machine is judged as a unix socket, and that of another machine by the name of the machine.

    Args:
        api: the function that was called.
        action: ``connect`` or ``listen``.
        path: what was opened.
    """
    text = "" if isinstance(path, int) else events.argument_text(path)  # open() takes a file descriptor, too
    found = re.match(_PIPE, text)
    if found is None:
        return None
    host = found[1]
    is_here = host in _THIS_MACHINE
    return Operation(NETWORK, action, text, api, UNIX if is_here else INET, text if is_here else host)


def create_process_operation(application: Any = None, command_line: Any = None, *_: Any) -> Operation:
    """Describe a call of ``_winapi.CreateProcess``: its audit event holds no text that can be read."""
    program = application or events.first_word(events.argument_text(command_line))
    return events.process_operation("_winapi.CreateProcess", "start", program, command_line or application)


def _spawn(_mode: Any, path: Any, argv: Any, *_: Any) -> Operation:
    return events.process_operation("os.spawnv", "start", path, argv)


def _connect_registry(computer: Any, *_: Any) -> Operation | None:
    host = events.argument_text(computer).lstrip("\\/")
    return Operation(NETWORK, "connect", host, "winreg.ConnectRegistry", INET, host) if host else None


READERS: dict[str, Callable[..., Operation | None]] = {
    "os.spawn": _spawn,
    "winreg.ConnectRegistry": _connect_registry,
    "_winapi.CreateFile": lambda path, *_: pipe_operation("_winapi.CreateFile", "connect", path),
    "_winapi.CreateNamedPipe": lambda path, *_: pipe_operation("_winapi.CreateNamedPipe", "listen", path),
    # Elsewhere no file is a pipe, and nothing is to be asked at each open().
    **({"open": lambda path, *_: pipe_operation("open", "connect", path)} if features.WINDOWS else {}),
}
