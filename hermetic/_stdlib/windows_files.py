"""Files of Windows: descriptors for handles, files to append to, and whether a read or a write waits."""

from __future__ import annotations

import importlib
import os

from .._base import features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

msvcrt: Any = importlib.import_module("msvcrt") if features.WINDOWS else None
winapi: Any = importlib.import_module("_winapi") if features.WINDOWS else None

NEW_PIPE_BYTES = 4096  # what an empty pipe of Popen's takes without waiting

_FILE_APPEND_DATA = 4
_SHARED = 3  # others may read and write the file meanwhile
_OPEN_EXISTING = 3

_CONSOLE_OR_NULL, _PIPE = 2, 3  # types of files


def own_file(handle: int) -> int:
    """Return a descriptor for a copy of a handle."""
    process = winapi.GetCurrentProcess()
    copy = winapi.DuplicateHandle(process, handle, process, 0, False, winapi.DUPLICATE_SAME_ACCESS)  # noqa: FBT003 - has no names
    descriptor: int = msvcrt.open_osfhandle(copy, 0)
    return descriptor


def open_to_append(path: str) -> int:
    """Open an existing file so that the system itself appends whatever is written.

    ``os.O_APPEND`` is a flag of the C library, which seeks the end before it writes. A process that inherits the file
    does not know of it, and would write where the file ended once, though it may have been emptied since.
    """
    handle = winapi.CreateFile(path, _FILE_APPEND_DATA, _SHARED, 0, _OPEN_EXISTING, 0, 0)
    descriptor: int = msvcrt.open_osfhandle(handle, os.O_WRONLY | os.O_APPEND)
    return descriptor


def may_wait(descriptor: int) -> bool:
    """Whether to read or to write may wait for somebody: a pipe, or a console."""
    kind = winapi.GetFileType(msvcrt.get_osfhandle(descriptor))
    return kind == _PIPE or (kind == _CONSOLE_OR_NULL and os.isatty(descriptor))


def is_ready(descriptor: int) -> bool:
    """Whether to read from a pipe does not wait: it holds something, or has come to its end."""
    try:
        return bool(winapi.PeekNamedPipe(msvcrt.get_osfhandle(descriptor), 0)[0])
    except OSError:
        return True


def console_shows_colours() -> bool:
    """Whether the console of this process takes the sequences of terminals; Python asks it from 3.13 on."""
    console: Any = importlib.import_module("nt")
    return bool(getattr(console, "_supports_virtual_terminal", bool)())
