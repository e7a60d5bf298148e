"""A doubled child that is a function of the test, called in a thread."""

from __future__ import annotations

import io
import os
import threading
from dataclasses import dataclass

from .child_streams import OwnFile, RecordedFile
from .doubled_child import THREAD_NAME, Child
from .patterns import check_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, BinaryIO


class ProgramChild(Child):
    """A child that is a Python function, in a thread of its own.

    Args:
        program: the function; it is given a ``ChildProcess``, and returns an exit status, or None.
    """

    def __init__(
        self,
        program: Callable[[ChildProcess], int | None],
        *,
        command: str | list[str],
        cwd: str | None,
        env: Mapping[str, str] | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._program = program
        self._done = False
        self._own_files: dict[int, OwnFile] = {}
        self._process = ChildProcess(command, cwd, env, *(self._open(number) for number in range(3)))
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    def _open(self, number: int) -> BinaryIO:
        if number not in self._files:
            self._files[number] = os.open(os.devnull, os.O_RDWR)
        if number == 0:
            self._own_files[0] = RecordedFile(self._files[0], self.sent)
            return io.BufferedReader(self._own_files[0])
        self._own_files[number] = OwnFile(self._files[number], "wb")
        return self._own_files[number]

    def _run(self) -> None:
        try:
            self._scripted_returncode = self._status(self._program(self._process))
        except SystemExit as exit_:
            self._scripted_returncode = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        except BaseException as error:  # noqa: BLE001 - it is raised where the test waits for the child
            self.error = None if self._is_ending else error  # killed: its files may fail
            self._scripted_returncode = 1
        with self._lock:
            self._done = True
            if self._is_ending:  # killed meanwhile: nobody else closes them
                self._close(0, 1, 2)
                return
        self._all_is_written()

    def _status(self, returned: int | None) -> int:
        if returned is None:
            return self._scripted_returncode
        check_status(returned, "the value that side_effect returns")
        return returned

    def _let_go(self) -> None:
        with self._lock:
            if self._done:
                self._close(0, 1, 2)
                return
            null = os.open(os.devnull, os.O_RDWR)
            for file in self._own_files.values():  # its thread goes on, but what it does goes nowhere
                file.lead_to(null)
            os.close(null)


@dataclass
class ChildProcess:
    """What a function that plays a child is given.

    Attributes:
        args: the command, as a list, or as a string where it was one.
        cwd: the folder that it was started in; None for the test's own.
        env: its environment; None for the test's own.
        stdin: a binary stream of what it is sent.
        stdout: a binary stream, unbuffered.
        stderr: a binary stream, unbuffered.
    """

    args: str | list[str]
    cwd: str | None
    env: Mapping[str, str] | None
    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO
