"""A doubled child that writes scripted output."""

from __future__ import annotations

import functools
import os
import select
import threading

from .._isolation import windows_processes
from .._stdlib import windows_files
from .doubled_child import THREAD_NAME, Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_READ_BYTES = 65536
_WRITE_BYTES = getattr(select, "PIPE_BUF", 4096)  # what a pipe takes at once, or not at all


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
        self._begin()

    def _begin(self) -> None:
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
            self._pending[fd] = self._pending[fd][os.write(fd, self._pending[fd][:_WRITE_BYTES]) :]
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


class ThreadedChild(ScriptedChild):
    """A scripted child on Windows, where only a thread can wait for a pipe: each pipe has its own.

    Args:
        new_pipes: the numbers of those of its files that are new pipes of Popen's.
    """

    def __init__(self, *args: Any, new_pipes: set[int], **kwargs: Any) -> None:
        self._new_pipes = new_pipes
        self._threads: list[threading.Thread] = []
        super().__init__(*args, **kwargs)

    def _begin(self) -> None:
        for number in (1, 2):
            fd = self._files.get(number, -1)  # the last one to be written to may close both
            if fd in self._pending:
                is_small = number in self._new_pipes and len(self._pending[fd]) <= windows_files.NEW_PIPE_BYTES
                waits = not is_small and windows_files.may_wait(fd)
                self._do(functools.partial(self._write_all, fd), waits=waits)
        if 0 in self._files:
            self._do(functools.partial(self._read_all, self._files[0]), waits=windows_files.may_wait(self._files[0]))

    def _do(self, work: Callable[[], None], *, waits: bool) -> None:
        if not waits:
            work()
            return
        thread = threading.Thread(target=work, name=THREAD_NAME, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _write_all(self, fd: int) -> None:
        while not self._write(fd):
            pass
        with self._lock:
            del self._pending[fd]
            is_last = not self._pending
        if is_last:
            self._all_is_written()

    def _read_all(self, fd: int) -> None:
        is_at_end = False
        while not is_at_end:
            try:
                is_at_end = self._read(fd)
            except OSError:  # interrupted
                is_at_end = not windows_files.is_ready(fd)
            else:
                is_at_end = is_at_end or (self._is_ending and not windows_files.is_ready(fd))
        if not self._is_ending:
            self._close(0)
            self._listener()

    def _let_go(self) -> None:
        for thread in self._threads:
            while thread is not threading.current_thread() and thread.is_alive():
                windows_processes.cancel_io(thread.native_id or 0)
                thread.join(windows_processes.RETRY_SECONDS)
        self._close(0, 1, 2)
