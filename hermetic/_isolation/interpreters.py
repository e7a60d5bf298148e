"""The commands that start interpreters of hermetic's own: workers and zygotes."""

from __future__ import annotations

import os
import sys

from .._base import command, real
from .._stdlib import subprocess_internals


class WorkerArguments:
    """What a worker is given when it starts.

    Attributes:
        nonce: the bytes that its frames begin with.
        reading: the file descriptor to read requests from.
        writing: the file descriptor to write frames to.
        files: the file descriptors to write output to; see ``output.take_over``.
        sandbox: the file descriptor that leads to the supervisor of its sandbox; None without a sandbox.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one for each thing given
        self, nonce: bytes, folder: str, reading: int, writing: int, files: list[int], sandbox: int | None = None
    ) -> None:
        self.nonce = nonce
        self.folder = folder
        self.reading = reading
        self.writing = writing
        self.files = files
        self.sandbox = sandbox

    def descriptors(self) -> set[int]:
        """All file descriptors."""
        return {self.reading, self.writing, *self.files} | ({self.sandbox} if self.sandbox is not None else set())


def _start_folder() -> str | None:
    """The folder to start in: None for the current one, the root if that was removed.

    In a removed folder, Python 3.13.0 cannot even import socket.
    """
    try:
        real.get_cwd()
    except FileNotFoundError:
        return os.path.abspath(os.sep)
    return None


def fresh_command(given: WorkerArguments) -> list[str]:
    """The command that starts a fresh interpreter as a worker."""
    arguments = given.nonce.hex(), given.folder, given.reading, given.writing, given.files, given.sandbox
    return python_command(f"be_worker{arguments!r}")


def python_command(call: str) -> list[str]:
    """The command that starts an interpreter like this one, to call a function of ``hermetic._worker``.

    Raises:
        OSError: its path is not known, because this interpreter is embedded in a program.
    """
    if not sys.executable:
        raise OSError("sys.executable names no interpreter; set it to a Python of this version")
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    start = _start_folder()
    move = "" if start is None else f"import os; os.chdir({start!r}); "
    # Its messages propose the command that the user has typed.
    begin = f"{move}import sys; sys.argv[:1] = [{command.NAME!r}]; sys.path.insert(0, {folder!r})"
    code = f"{begin}; import hermetic._worker as worker; worker.{call}"
    return [sys.executable, *subprocess_internals.interpreter_flags(), "-c", code]
