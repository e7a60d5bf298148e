"""Starts the program that draws the live line, and passes the status of the run to it in shared memory.

Passing the status takes no system call, and never waits for the terminal.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys

from .._base import features, own_files, real, system
from . import drawing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_CLOSE_SECONDS = 2.0
_MAX_NAMES = drawing.MEMORY_BYTES // 8  # characters of four bytes at most; the rest is for numbers
_MAX_NAME = 500


class LiveLine:
    """The live line of a run, from now until it is closed.

    Args:
        expected: the seconds that it is likely to take; 0 if that is not known.

    Raises:
        OSError: the program that draws could not be started.
    """

    def __init__(self, terminal: int, *, total: int, expected: float, coloured: bool) -> None:
        self._run = f"{real.monotonic()} {expected} {total}"
        self._turn = 0
        self._memory, self._pipe, self._pid = _start(terminal, coloured=coloured)

    def show(self, done: int, failed: int, running: Collection[tuple[str, float]]) -> None:
        """Say how far the run is.

        Args:
            running: the ids of those that are at work, and when each began, by ``monotonic``.
        """
        longest = min(_MAX_NAME, _MAX_NAMES // (len(running) or 1))
        text = f"{self._run} {done} {failed}"
        for name, began in running:
            text += f"\n{began} {(name if name.isprintable() else name.translate(_ONE_LINE))[:longest]}"
        data = text.encode("utf-8", "replace")[: drawing.MEMORY_BYTES - 3]
        memory, self._turn = self._memory, (self._turn + 2) % 256
        memory[0] = self._turn + 1  # odd while it is being written
        memory[1:3] = len(data).to_bytes(2, "big")
        memory[3 : 3 + len(data)] = data
        memory[0] = self._turn

    def close(self) -> None:
        """Give the terminal back."""
        system.write(self._pipe, b".")  # copies of the run that were forked off have the pipe, too: it may not end yet
        system.close(self._pipe)
        until = real.monotonic() + _CLOSE_SECONDS
        try:
            while system.waitpid(self._pid, os.WNOHANG)[0] == 0 and real.monotonic() < until:
                real.sleep(0.002)
        except ChildProcessError:
            pass  # a test has waited for all children


_ONE_LINE = {ord(character): " " for character in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"}


def is_possible() -> bool:
    """Whether this platform, and the terminal, as far as it says what it is, can do it."""
    kind = real.environ.get("TERM", "")
    return (
        not features.WINDOWS and kind not in ("", "dumb") and bool(sys.executable) and os.path.isfile(drawing.__file__)
    )


def _start(terminal: int, *, coloured: bool) -> tuple[mmap.mmap, int, int]:
    """Start the program that draws; the memory, the pipe that ends it when it is closed, and its process id."""
    path = own_files.new_file("hermetic-")
    with real.open_file(path, "r+b") as file:
        real.unlink(path)
        file.truncate(drawing.MEMORY_BYTES)
        memory = mmap.mmap(file.fileno(), drawing.MEMORY_BYTES)
        reading, writing = system.pipe()
        try:
            for fd in (file.fileno(), reading):
                os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's signature
            numbers = [str(number) for number in (file.fileno(), reading, terminal, int(coloured))]
            command = [sys.executable, "-I", "-S", drawing.__file__, *numbers]
            spawn = system.original(os.name, "posix_spawn")
            pid = spawn(sys.executable, command, {**os.environ}, setsigmask=[signal.SIGINT, signal.SIGQUIT])
        except BaseException:
            system.close(writing)
            raise
        finally:
            system.close(reading)
    return memory, writing, pid
