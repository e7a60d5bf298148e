"""A doubled child that writes scripted output."""

from __future__ import annotations

import os
import select
import threading

from .doubled_child import THREAD_NAME, Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_READ_BYTES = 65536


class ScriptedChild(Child):
    """A child that writes what it was told to, reads all that it is sent, and ends."""

    def __init__(self, outputs: dict[int, bytes], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pending = {
            self._files[number]: memoryview(data) for number, data in outputs.items() if data and number in self._files
        }
        self._wake: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        if not self._pending:
            self._all_is_written()
        if not self._pump(timeout=0):
            self._wake = os.pipe()
            self._thread = threading.Thread(target=self._pump, name=THREAD_NAME, daemon=True)
            self._thread.start()

    @property
    def reads(self) -> bool:
        return 0 in self._files

    def _pump(self, timeout: int | None = None) -> bool:
        """Write and read until all is done: True; or, with 0 for a timeout, until that would block: False."""
        poller = select.poll()
        for fd in self._pending:
            poller.register(fd, select.POLLOUT)
        if 0 in self._files:
            poller.register(self._files[0], select.POLLIN)
        if self._wake:
            poller.register(self._wake[0], select.POLLIN)
        while self._pending or 0 in self._files:
            ready = [fd for fd, _ in poller.poll(timeout)]
            if self._wake and self._wake[0] in ready:
                timeout = 0  # told to end: what has arrived is still read
                ready.remove(self._wake[0])
                poller.unregister(self._wake[0])
            elif not ready:
                return False
            for fd in ready:
                if (self._write if fd in self._pending else self._read)(fd):
                    poller.unregister(fd)
                    self._finish(fd)
        return True

    def _write(self, fd: int) -> bool:
        """Write a part, as much as surely does not block; True for the last."""
        try:
            self._pending[fd] = self._pending[fd][os.write(fd, self._pending[fd][: select.PIPE_BUF]) :]
        except OSError:  # nobody reads it any more
            return True
        return not self._pending[fd]

    def _read(self, fd: int) -> bool:
        """Read a part; True at the end."""
        data = os.read(fd, _READ_BYTES)
        self.sent += data
        return not data

    def _finish(self, fd: int) -> None:
        if fd not in self._pending:
            self._close(0)
            self._listener()
            return
        del self._pending[fd]
        if not self._pending:
            self._all_is_written()

    def _let_go(self) -> None:
        if self._wake and self._thread:
            os.write(self._wake[1], b"!")
            self._thread.join()
            for fd in self._wake:
                os.close(fd)
        else:
            self._pump(timeout=0)
        self._close(0, 1, 2)
