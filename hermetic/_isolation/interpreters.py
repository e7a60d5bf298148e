"""How interpreters of our own are started: by a command that finds hermetic wherever it was imported from."""

from __future__ import annotations

import os
import sys

from .._base import real
from .._stdlib import subprocess_internals


class WorkerPlace:
    """Where a worker runs: what it is told when it starts.

    Attributes:
        nonce: of its channel.
        folder: its own folder, with ``tmp``.
        reading: the file descriptor of the channel to read requests from.
        writing: the one to write frames to.
        files: those to write output to, as of ``output.take_over``.
        sandbox: that of the way to the one who answers for its sandbox; None for a worker that has none.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a worker is told
        self, nonce: bytes, folder: str, reading: int, writing: int, files: list[int], sandbox: int | None = None
    ) -> None:
        self.nonce = nonce
        self.folder = folder
        self.reading = reading
        self.writing = writing
        self.files = files
        self.sandbox = sandbox

    def descriptors(self) -> set[int]:
        """All of the file descriptors."""
        return {self.reading, self.writing, *self.files} | ({self.sandbox} if self.sandbox is not None else set())


def _start_folder() -> str | None:
    """Where such an interpreter goes first: None to stay in the current folder, unless that was removed.

    Python 3.13.0 cannot even import socket there; the worker goes to its own folder soon.
    """
    try:
        real.get_cwd()
    except FileNotFoundError:
        return os.path.abspath(os.sep)
    return None


def fresh_command(place: WorkerPlace) -> list[str]:
    """The command that starts a fresh interpreter as a worker."""
    arguments = place.nonce.hex(), place.folder, place.reading, place.writing, place.files, place.sandbox
    return python_command(f"work{arguments!r}")


def python_command(call: str) -> list[str]:
    """The command that starts an interpreter like this one, for a call of a function of ``hermetic._worker``.

    Raises:
        OSError: nobody knows where it is: this one is embedded in a program.
    """
    if not sys.executable:
        raise OSError("sys.executable names no interpreter; set it to a Python of this version")
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    start = _start_folder()
    move = "" if start is None else f"import os; os.chdir({start!r}); "
    code = f"{move}import sys; sys.path.insert(0, {folder!r}); import hermetic._worker as worker; worker.{call}"
    return [sys.executable, *subprocess_internals.interpreter_flags(), "-c", code]
