"""Keeps the violation log: the file to which the child processes of this process write violations.

A test may remove any file. If it removes the log, the entries are lost, which is an error of the test, and a new log
replaces the old one.
"""

from __future__ import annotations

import contextlib
import os

from .._base import own_files, real, system
from .._base.errors import GuardError
from .._settings.current_run import current_run
from . import baseline, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .scopes import Scope


class ViolationLog:
    """The violation log of this process, and the files beside it.

    Attributes:
        path: the path of the log; None while there is none.
        beside: the paths of the files beside the log.
        scopes: the scopes that entries may belong to, by serial.
        awaits: whether children were started since the log was last read, or were still running then.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self.owner_pid = real.get_pid()
        self.beside: set[str] = set()
        self.scopes: dict[int, Scope] = {}
        self.awaits = False
        self._read_bytes = 0

    @property
    def is_mine(self) -> bool:
        """Whether there is a log, and this process reads it."""
        return self.path is not None and self.owner_pid == real.get_pid()

    def make(self) -> None:
        """Create the log, unless it exists.

        Raises:
            OSError: there is no folder or no room for it.
        """
        if self.path is not None and not self._is_whole():
            self._replace()
        if self.path is None:
            with scopes.unjudged():
                path = own_files.new_file("hermetic-")
            self._tell_baseline(path)
            self.path = path

    def make_beside(self, path: str) -> None:
        """Create a file beside the log, unless it exists.

        Raises:
            OSError: it cannot be created.
        """
        if path not in self.beside:
            # First the file, then the entry: another thread may be doing the same.
            real.open_file(path, "ab", opener=own_files.open_private).close()
            self.beside.add(path)

    def read_lines(self) -> Iterator[bytes]:
        """Yield the complete lines that were not read before."""
        assert self.path is not None
        awaits = self.awaits and any(True for _ in current_run.living_children())
        if not self._is_whole():
            self._replace()
            return
        try:
            with real.open_file(self.path, "rb") as file:
                file.seek(self._read_bytes)
                lines = file.read().splitlines(keepends=True)
        except OSError:  # too many open files: the lines are read the next time
            return
        self.awaits = awaits
        for line in lines:
            if line.endswith(b"\n"):
                self._read_bytes += len(line)
                yield line

    def _is_whole(self) -> bool:
        """Whether the log exists and has not become shorter than what was read."""
        assert self.path is not None
        try:
            return bool(real.stat(self.path).st_size >= self._read_bytes)
        except OSError:
            return False

    def _replace(self) -> None:
        """Replace a log that was lost by a new one at the same path, which children know."""
        path, self.path = self.path, None
        assert path is not None
        if self.awaits:
            scopes.running.faults.append(_lost_error(path))
        self.beside.clear()
        self._read_bytes, self.awaits = 0, False
        with contextlib.suppress(OSError):  # the next log is created elsewhere
            with contextlib.suppress(FileNotFoundError):
                real.unlink(path)
            system.close(own_files.open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            self._tell_baseline(path)
            self.path = path

    def _tell_baseline(self, path: str) -> None:
        known = baseline.tell_children(path)
        if known is not None:
            self.beside.add(known)


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """For a block, refuse to start a process whose violations could not be recorded.

    Raises:
        GuardError: the log cannot be created; the error was recorded.
    """
    try:
        yield
    except OSError as error:
        fault = GuardError(
            f"[H009] no report file: hermetic could not create the file for violations of child processes: {error}\n"
            "  hermetic refuses to start a process whose violations cannot be reported.\n"
            "  Set TMPDIR to a folder that this process can write to, and that has free space."
        )
        scopes.running.faults.append(fault)
        raise fault from error


def _lost_error(path: str) -> GuardError:
    return GuardError(
        f"[H009] lost report: the file for violations of child processes was removed or emptied: {path}\n"
        "  The test started child processes, or some were still running. Their violations may be lost.\n"
        "  Find what removes, empties or locks the folder for temporary files during the test."
    )
