"""Files that several processes write at the same time."""

from __future__ import annotations

import errno
import os

from . import features, real, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LOCK_AT = 2**30  # a byte beyond the contents: on Windows, other processes cannot read or write locked bytes
_LOCK_SECONDS = 10.0
_OPEN_SECONDS = 2.0  # that a file of a run is open at a time
_PAUSE = 0.001  # between two attempts
# Non-blocking: a test may have replaced the file by a pipe without a reader. Binary: Windows would change line ends.
_TO_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def append(path: str, data: bytes) -> int:
    """Append to an existing file, and return the bytes that it has then. Data of several processes does not mix.

    Raises:
        OSError: the file does not exist, or the disk has no room for all the data.
    """
    handle = system.open_fd(path, _TO_APPEND)
    try:
        if features.WINDOWS:  # where to append is to seek the end, and then to write
            _lock_soon(handle, path)
        if system.write(handle, data) < len(data):  # one call, which POSIX systems do not interrupt by another
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        size = os.fstat(handle).st_size
        if features.WINDOWS:  # which may take its time to unlock a file that is closed
            _set_lock(handle, "LK_UNLCK")
        return size
    finally:
        system.close(handle)


def at_last(act: Callable[..., Any], *args: Any) -> Any:
    """Call a function that opens or replaces a file; on Windows, again for a moment while other processes prevent it.

    Windows replaces no file that is open, and opens no file that is being replaced or removed.
    """
    deadline = real.monotonic() + _OPEN_SECONDS
    while True:
        try:
            return act(*args)
        except PermissionError:
            if not features.WINDOWS or real.monotonic() > deadline:
                raise
            real.sleep(_PAUSE)


def try_lock(descriptor: int) -> bool:
    """Lock an open file, unless another process has locked it; return whether that was done."""
    try:
        if features.WINDOWS:
            _set_lock(descriptor, "LK_NBLCK")
        else:
            fcntl = real.import_module("fcntl")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some C libraries of Windows do not say why they failed.
        if not features.WINDOWS and not isinstance(error, (BlockingIOError, PermissionError)):
            raise
        return False
    return True


def _set_lock(descriptor: int, how: str) -> None:
    msvcrt: Any = real.import_module("msvcrt")
    os.lseek(descriptor, _LOCK_AT, os.SEEK_SET)
    msvcrt.locking(descriptor, getattr(msvcrt, how), 1)


def _lock_soon(descriptor: int, path: str) -> None:
    deadline = real.monotonic() + _LOCK_SECONDS
    while not try_lock(descriptor):
        if real.monotonic() > deadline:
            raise TimeoutError(f"another process keeps {path} locked")
        real.sleep(_PAUSE)
