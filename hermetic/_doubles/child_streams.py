"""The files between a test and a doubled child: reading from them, or selecting them, makes virtual time pass."""

from __future__ import annotations

import io
import os
import select
import selectors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .doubled_child import Child


class RecordedFile(io.FileIO):
    """The standard input of a child that is a function: whatever is read from it is recorded."""

    def __init__(self, fd: int, record: bytearray) -> None:
        super().__init__(fd, "rb", closefd=False)
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
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        if self._child.is_asleep and os.get_blocking(self.fileno()) and not poller.poll(0):
            self._child.wait()

    def readinto(self, buffer: Any) -> Any:
        self._wait_for_data()
        return super().readinto(buffer)

    def readall(self) -> Any:
        if self._child.is_asleep and os.get_blocking(self.fileno()):
            self._child.wait()
        return super().readall()

    def read(self, size: int | None = -1) -> Any:
        if size is None or size < 0:
            return self.readall()
        self._wait_for_data()
        return super().read(size)


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
