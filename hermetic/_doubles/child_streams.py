"""The files between a test and a doubled child: reading from them, or selecting them, makes virtual time pass."""

from __future__ import annotations

import io
import os
import select
import selectors
import threading

from .._base import features
from .._isolation import windows_processes
from .._stdlib import windows_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .doubled_child import Child


class OwnFile(io.FileIO):
    """A file of a child that is a function, which may be waiting for it when the child ends."""

    def __init__(self, fd: int, mode: str) -> None:
        super().__init__(fd, mode, closefd=False)
        self._fd = fd
        self._in_use = threading.Lock()
        self._user = 0  # the thread that uses it

    def lead_to(self, fd: int) -> None:
        """Have it lead to another file. Windows does that only when nobody waits for it any more."""
        while features.WINDOWS and not self._in_use.acquire(timeout=windows_processes.RETRY_SECONDS):
            windows_processes.cancel_io(self._user)
        try:
            os.dup2(fd, self._fd, inheritable=False)
        finally:
            if features.WINDOWS:
                self._in_use.release()

    def _use(self, method: Callable[..., Any], *args: Any) -> Any:
        with self._in_use:
            self._user = threading.get_native_id()
            return method(*args)

    def readinto(self, buffer: Any) -> Any:
        return self._use(super().readinto, buffer)

    def readall(self) -> Any:
        return self._use(super().readall)

    def write(self, data: Any) -> Any:
        return self._use(super().write, data)


class RecordedFile(OwnFile):
    """The standard input of a child that is a function: whatever is read from it is recorded."""

    def __init__(self, fd: int, record: bytearray) -> None:
        super().__init__(fd, "rb")
        self._record = record

    def readinto(self, buffer: Any) -> Any:
        count = super().readinto(buffer)
        self._record += memoryview(buffer)[:count]
        return count

    def readall(self) -> Any:
        data = super().readall()
        self._record += data
        return data


class WaitingFile(io.FileIO):
    """The parent's end of a pipe from a child that has a duration: reading from it waits for the child."""

    def __init__(self, fd: int, child: Child) -> None:
        super().__init__(fd, "rb")
        self._child = child

    def _wait_for_data(self) -> None:
        if self._waits_for_child() and not _is_ready(self.fileno()):
            self._child.wait()

    def _waits_for_child(self) -> bool:
        child = self._child
        return child.is_asleep and not child.is_read_by_thread and _blocks(self.fileno())

    def readinto(self, buffer: Any) -> Any:
        self._wait_for_data()
        return super().readinto(buffer)

    def readall(self) -> Any:
        if self._waits_for_child():
            self._child.wait()
        return super().readall()

    def read(self, size: int | None = -1) -> Any:
        if size is None or size < 0:
            return self.readall()
        self._wait_for_data()
        return super().read(size)


def _blocks(fd: int) -> bool:
    return not hasattr(os, "get_blocking") or os.get_blocking(fd)  # on Windows from Python 3.12 on


def _is_ready(fd: int) -> bool:
    """Whether to read from a pipe does not wait."""
    if features.WINDOWS:
        return windows_files.is_ready(fd)
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(0))


def waiting(popen: Any, stream: Any) -> Any:
    """A stream like one that a Popen has made, on a ``WaitingFile``; None for None."""
    if stream is None:
        return None
    raw = stream
    while hasattr(raw, "detach"):
        raw = raw.detach()
    found: Any = WaitingFile(os.dup(raw.fileno()), popen.hermetic_child)
    raw.close()
    if isinstance(stream, (io.BufferedReader, io.TextIOWrapper)):
        found = io.BufferedReader(found)
    if isinstance(stream, io.TextIOWrapper):
        found = io.TextIOWrapper(found, encoding=popen.encoding, errors=popen.errors)
    return found


def waiting_selector(base: Any) -> Any:
    """A class of selectors that wait for doubled children in virtual time."""

    class WaitingSelector(base):  # type: ignore[misc]
        def select(self, timeout: float | None = None) -> Any:
            keys = list(self.get_map().values())
            ready = super().select(0)
            children = [getattr(key.fileobj, "hermetic_child", None) for key in keys]
            sleeping = [child for child in children if child is not None and child.is_asleep]
            if ready or not sleeping or any(key.events & selectors.EVENT_WRITE for key in keys):
                return ready or super().select(timeout)
            sleeping[0].wait(timeout)
            return super().select(0)

    return WaitingSelector
