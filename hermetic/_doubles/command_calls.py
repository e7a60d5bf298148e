"""Reads what a child would see of a call from the arguments that Popen has prepared, and checks it as Popen does."""

from __future__ import annotations

import errno
import os

from .._base import features
from .._isolation import windows_processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .doubled_child import Child


class CommandCall:
    """One attempt to start a child.

    Attributes:
        command: the arguments as a list of strings, or the string that was given instead of a list.
        executable: the program, as an error names it.
        foreign_files: the files that it was given which are no pipes of Popen's.
        passed_files: those that it is to have besides.
        cwd: the folder, or None for the test's own.
        env: the environment, or None for the test's own.
        encoding: that of the caller's text streams; UTF-8 where they are binary.
        has_stdin: whether the child has a standard input of its own.
        asyncio_pipes: the numbers of those of its files that are new pipes of asyncio's, on Windows.
        reads_pipe: whether its standard input is a pipe that Popen or asyncio has made.
        child: what plays the child; None before it is started, or where none was.
        popen: gives the Popen object, as long as there is one.
    """

    def __init__(self, popen: Any, given: dict[str, Any]) -> None:
        args = given["args"] = given["args"] if _is_single(given["args"]) else list(given["args"])
        self.shell = bool(given["shell"])
        self.command: str | list[str] = _checked(args, shell=self.shell, executable=given["executable"])
        self.executable = given["executable"] or (
            features.SHELL[0] if self.shell else args if _is_single(args) else [*args, ""][0]
        )
        self.env = _checked_environment(given["env"])
        self.cwd = None if given["cwd"] is None else _without_nul([_decoded(given["cwd"])])[0]
        self.is_text = bool(popen.text_mode)
        streams = [stream for stream in (popen.stdin, popen.stdout, popen.stderr) if stream is not None]
        self.encoding = streams[0].encoding if self.is_text and streams else "utf-8"
        ends = ("p2cread", "p2cwrite"), ("c2pwrite", "c2pread"), ("errwrite", "errread")
        foreign = [given[own] for own, other in ends if given[own] != -1 == given[other]]
        self.foreign_files = [] if features.WINDOWS else foreign  # there, they are handles that Popen has just made
        self.passed_files = _checked_files(given["pass_fds"])
        self.asyncio_pipes: frozenset[int] = vars(popen).get("asyncio_pipes", frozenset())
        self.reads_pipe = given["p2cwrite"] != -1 or 0 in self.asyncio_pipes
        self.has_stdin = given["p2cread"] != -1
        self.child: Child | None = None
        self.popen: Callable[[], Any] = lambda: None  # a weak reference: dropping a running Popen must be noticed

    @property
    def sent(self) -> bytes:
        """What the child was sent so far."""
        return b"" if self.child is None else bytes(self.child.sent)

    @property
    def input(self) -> str | bytes | None:
        """What the child was sent, as the caller sends it; None for nothing."""
        return self.text_of(self.sent) if self.sent else None

    def text_of(self, data: bytes) -> str | bytes:
        """Bytes as the caller's streams have them, which end lines as the system does."""
        return data.decode(self.encoding, "surrogateescape").replace(os.linesep, "\n") if self.is_text else data

    def encoded(self, text: str | bytes) -> bytes:
        """What goes through a pipe of the child's for a text; bytes are taken as they are."""
        return text if isinstance(text, bytes) else text.encode(self.encoding, "surrogateescape")


def check_surroundings(call: CommandCall, *, needs_folder: bool) -> None:
    """Fail as the start of a real child does: in a folder that is none, or on a file that is not open."""
    if call.cwd is not None and needs_folder and not os.path.isdir(call.cwd):
        if features.WINDOWS:
            raise windows_processes.bad_folder()
        number = errno.ENOTDIR if os.path.exists(call.cwd) else errno.ENOENT
        raise OSError(number, os.strerror(number), call.cwd)
    program, folder = (call.executable, None) if features.BAD_FILES_BLAME_THE_PROGRAM else (call.cwd, call.cwd)
    for blamed, files in ((folder, call.passed_files), (program, call.foreign_files)):
        for fd in files:
            try:
                os.fstat(fd)
            except OSError as error:
                raise OSError(error.errno, error.strerror, *([] if blamed is None else [blamed])) from None


def _checked(args: Any, *, shell: bool, executable: Any) -> str | list[str]:
    """The command, or the error that the real Popen raises for it."""
    is_single = _is_single(args)
    if features.WINDOWS and isinstance(args, bytes) and shell:
        raise TypeError("bytes args is not allowed on Windows")
    if isinstance(args, os.PathLike) and shell:
        raise TypeError("path-like args is not allowed when shell is true")
    argv = [args] if is_single else list(args)
    if executable is None and not shell and (argv or not features.WINDOWS):
        executable = argv[0]
    decoded = [_decoded(argument) for argument in ([*argv] if executable is None else [executable, *argv])]
    decoded = _without_nul(decoded)[len(decoded) - len(argv) :]
    return decoded[0] if is_single else decoded


def _checked_environment(env: Any) -> dict[str, str] | None:
    if env is None:
        return None
    checked = {}
    for name, value in env.items():
        if features.WINDOWS and not (isinstance(name, str) and isinstance(value, str)):
            raise TypeError("environment can only contain strings")
        if b"=" in os.fsencode(name)[1 if features.WINDOWS else 0 :]:
            raise ValueError("illegal environment variable name")
        checked[_decoded(name)] = _decoded(value)
    _without_nul([*checked, *checked.values()])
    return checked


def _checked_files(pass_fds: Any) -> list[int]:
    assert not (features.WINDOWS and pass_fds), "pass_fds not supported on Windows."
    files = sorted(map(int, pass_fds))
    if files and files[0] < 0:
        raise ValueError("bad value(s) in fds_to_keep")
    return files


def _is_single(args: Any) -> bool:
    return isinstance(args, (str, bytes, os.PathLike))


def _without_nul(texts: list[str]) -> list[str]:
    if any("\0" in text for text in texts):
        raise ValueError("embedded null character" if features.WINDOWS else "embedded null byte")
    return texts


def _decoded(value: Any) -> str:
    return os.fsdecode(os.fsencode(value))  # what a child would see: PathLike, bytes and str alike
