"""Patches subprocess, os.system, shutil.which and asyncio: the functions of a double start children and wait for them.

    Popen._execute_child                        starts a child process
    Popen._internal_poll, _wait, send_signal    wait for the child, and end it
    Popen.terminate, kill, _communicate         on Windows: end the child, and wait for the threads that read from it
    subprocess._time, _PopenSelector            the clock of time-outs, the selector of `communicate` (not on Windows)
    asyncio's _make_subprocess_transport        starts the child process of an event loop
    os.system                                   replaced by name: runs its command through `Popen`
    shutil.which                                gets other code, so that names bound early are answered, too

All other code of these modules stays in use.
"""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
import types

from .._base import features
from .._base.errors import ConflictError
from .._guards import environment
from .._stdlib import subprocess_internals
from .._verdicts import faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Make = Callable[[Any], Any]  # makes a replacement of an original

POPEN_METHODS = (
    subprocess_internals.POPEN_START,
    subprocess_internals.POPEN_POLL,
    subprocess_internals.POPEN_WAIT,
    "send_signal",
    *(("terminate", "kill", subprocess_internals.POPEN_COMMUNICATE) if features.WINDOWS else ()),
)


class Replacements:
    """The replacements that are in place."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def put_in_place(
        self, *, methods: Mapping[str, Make], clock: Callable[[], float], selector: Make, which: Make, transport: Make
    ) -> None:
        """Replace everything that the head of this file lists.

        Args:
            methods: for each of ``POPEN_METHODS``, makes the replacement from the original.
            clock: takes the place of ``time.monotonic``.
            selector: makes the class of selectors.
            which: makes a function from one that works as the original of ``shutil.which``.
            transport: makes the method of event loops; called only where asyncio is loaded.
        """
        for name in POPEN_METHODS:
            self._replace(subprocess.Popen, name, methods[name])
        self._replace(subprocess, subprocess_internals.SUBPROCESS_CLOCK, lambda _: clock)
        if not features.WINDOWS:
            self._replace(subprocess, subprocess_internals.SUBPROCESS_SELECTOR, selector)
        self._replace(os, "system", lambda _: _system)
        self._replace_code(shutil.which, which)
        if "asyncio" in sys.modules:
            self._replace(subprocess_internals.event_loop(), subprocess_internals.ASYNCIO_START, transport)

    def take_out(self) -> list[ConflictError]:
        """Put the originals back, the last replacement first.

        Returns:
            An error for each replacement that somebody else has replaced in turn: it stays as it is.
        """
        conflicts = []
        while self._undo:
            try:
                self._undo.pop()()
            except ConflictError as error:
                conflicts.append(error)
        return conflicts

    def _replace(self, holder: Any, name: str, make: Make) -> None:
        original = vars(holder)[name]
        replacement = make(original)

        def undo() -> None:
            if vars(holder)[name] is not replacement:
                raise _conflict(f"{holder.__name__}.{name}", vars(holder)[name])
            setattr(holder, name, original)

        setattr(holder, name, replacement)
        self._undo.append(undo)

    def _replace_code(self, function: Any, make: Make) -> None:
        original = types.FunctionType(function.__code__, function.__globals__)

        def undo() -> None:
            function.__code__ = original.__code__
            function.__kwdefaults__ = None

        function.__kwdefaults__ = {"_answer": make(original)}
        function.__code__ = _which.__code__
        self._undo.append(undo)


def _system(command: Any) -> int:
    """``os.system`` by way of ``Popen``, with its wait status, which is the exit status on Windows."""
    if features.WINDOWS and not isinstance(command, str):
        raise TypeError(f"system() argument 'command' must be str, not {type(command).__name__}")
    line = command if features.WINDOWS else os.fsencode(command)
    with subprocess.Popen(line, shell=True) as popen:  # noqa: S602 - as os.system does
        code = popen.wait()
    if features.WINDOWS:
        return code - 2**32 if code >= 2**31 else code  # a number of C, with a sign
    return -code if code < 0 else code << 8


def _which(cmd: Any, mode: int = 0, path: Any = None, *, _answer: Any = None) -> Any:
    # Its code takes the place of that of shutil.which, and runs with the globals of shutil.
    return _answer(cmd, mode, path)


def replace_time(loop: Any, time: Callable[[], float], select: Callable[..., Any]) -> None:
    """Give an event loop of asyncio another clock and another ``select`` of its selector, for as long as it lives."""
    loop.time, subprocess_internals.selector_of_loop(loop).select = time, select


def check_for_conflicts() -> None:
    """Check that everything to be replaced is the original, the guard's, or the replacement of another double."""
    if not isinstance(subprocess.Popen, type) or subprocess.Popen.__module__ != "subprocess":
        raise _conflict("subprocess.Popen", subprocess.Popen)
    functions = ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput")
    for holder, name, names, own in (
        (subprocess, "subprocess", functions, subprocess.list2cmdline),
        (subprocess.Popen, "subprocess.Popen", POPEN_METHODS, subprocess.list2cmdline),
        (shutil, "shutil", ("which",), shutil.copyfile),
        (os, "os", ("popen",), os.fsencode),
    ):
        for found in names:
            value = vars(holder)[found]
            files = {function.__code__.co_filename for function in (own, _which, faults.entrance)}
            if not inspect.isfunction(value) or value.__code__.co_filename not in files:
                raise _conflict(f"{name}.{found}", value)
    if os.system is not _system and not _is_real_system(os.system):
        raise _conflict("os.system", os.system)


def _is_real_system(function: Any) -> bool:
    """Whether a function is the original, or the guard's, known by its code: functools.wraps copies all but that."""
    if inspect.isfunction(function) and function.__code__ is environment.telling_by_own(function).__code__:
        function = inspect.unwrap(function)
    return inspect.isbuiltin(function)


def _conflict(name: str, value: object) -> ConflictError:
    return ConflictError(
        f"{name} is already patched, by {value!r}; SubprocessMock patches the real module itself, so stop the "
        f"other patch first, or use it instead of hermetic.SubprocessMock"
    )
