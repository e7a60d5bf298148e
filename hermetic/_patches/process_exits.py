"""Patches os._exit and os.exec* while a program runs: a run that ends early is reported, and is never green.

    os._exit in a test, at import       the summary so far is printed, and the status is not 0
    os.exec* in a test                  as for os._exit, and the program runs as a child
    SystemExit out of a class fixture   the summary, and an error
    Ctrl-C, with or without -c          the summary, and status 130
    what tests have left for the exit   the status that was decided (``exit_program``)

``os._exit`` raises no audit event, and legacy suites run without the audit hook; so while a program runs
``os._exit``, ``os.execv`` and ``os.execve`` are replaced. In every process but this one they do as before.
"""

from __future__ import annotations

import contextlib
import functools
import operator
import os
import sys

from .._base import features, real, system
from .._base.errors import traceback_text
from .._settings.current_run import current_run
from .._verdicts import scopes
from . import installation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

__unittest = True


class _End:
    """What happens when this process ends. One instance, in this module.

    Attributes:
        listeners: the functions that are called when a run ends early; that of the innermost run is the last.
        status: the exit status, once the runs are over; None before.
    """

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []
        self.status: int | None = None


_end = _End()

_STDERR = 2  # the file descriptor: a test may have closed or replaced the stream


class Leaving(real.system_exit):
    """Ends the program with a status that hermetic has decided."""


def exit_program(code: Any) -> NoReturn:
    """End the program, whatever its tests have left of ``sys.exit`` and ``os._exit``."""
    decide(code)
    raise Leaving(code)


def decide(code: Any) -> None:
    """Make this process end with a status, even if an exit handler asks for 0; a program in a test decides nothing."""
    if not current_run.in_run:
        _end.status = code if isinstance(code, int) else int(code is not None)


def decide_on_error(code: int) -> None:
    """Make the exception that is about to end the program end it with a status, whatever ``sys.excepthook`` does."""
    decide(code)
    if not current_run.in_run:
        sys.excepthook = functools.partial(_show, sys.excepthook)


def _show(hook: Callable[..., Any], *error: Any) -> None:
    with contextlib.suppress(real.system_exit):  # Python would exit with its status
        hook(*error)


def early_end_text(error: BaseException, when: str) -> str:
    """An exception that ended a run.

    Args:
        when: the phase of the run, as ``while the tests were loaded``.
    """
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the user's exceptions may do anything
        text = ""
    return f"{type(error).__name__} {when}" + (f": {text}" if text else "")


def say(stream: Any, text: str) -> None:
    """Write a line to a stream, or to standard error if a test has taken the stream away."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except Exception:  # noqa: BLE001 - a stream of the tests' may raise anything
        with contextlib.suppress(OSError):
            os.write(_STDERR, f"{text}\n".encode(errors="backslashreplace"))


@contextlib.contextmanager
def exits_watched(on_end: Callable[[str], None]) -> Iterator[None]:
    """For a block, call ``on_end`` before this process leaves through ``os._exit`` or ``os.exec*``.

    The status is then the one that was asked for, or 1 if that is 0. A program that replaces the process is run
    as a child instead, so that its status is not taken for that of the run. Nested blocks are all called.

    Args:
        on_end: called with what was called, such as ``os._exit(0)``.
    """
    with replaced():
        _end.listeners.append(on_end)
        try:
            yield
        finally:
            _end.listeners.remove(on_end)


def forget_blocks() -> None:
    """Forget the blocks of the process that this one was forked from, as a process that runs tests by itself."""
    _end.listeners.clear()


@contextlib.contextmanager
def replaced() -> Iterator[None]:
    """For a block, replace functions of ``os``.

    Outside of ``exits_watched`` they behave as the originals, but a module that imports one by name must get ours.
    """
    if hasattr(os._exit, "__hermetic_guard__"):
        yield
        return
    pid = real.get_pid()

    @functools.wraps(real.exit_process)
    def guarded_exit(status: Any) -> NoReturn:
        if _is_watched(pid):
            operator.index(status)  # raises the TypeError of the original before anything is reported
            _tell(f"os._exit({status})")
            status = status or _status_instead(pid)
        installation.close_log()
        real.exit_process(status)

    guarded_exit.__hermetic_guard__ = True  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_in_place_of("_exit", guarded_exit))
        for name in ("execv", "execve"):
            stack.enter_context(_in_place_of(name, _guarded_exec(getattr(os, name), pid)))
        yield


@contextlib.contextmanager
def _in_place_of(name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Replace a function of ``os``, and of the C module below it that pickle knows it by."""
    modules = [module for module in (os, sys.modules.get(os.name)) if hasattr(module, name)]
    original = getattr(os, name)
    for module in modules:
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for module in modules if _end.status is None else ():  # exit handlers are still to come
            if getattr(module, name) is replacement:
                setattr(module, name, original)


def _is_watched(pid: int) -> bool:
    """Whether an end of this process is the end of the program, and not that of a forked child."""
    return (bool(_end.listeners) or _end.status is not None) and real.get_pid() == pid


def _status_instead(pid: int) -> int:
    """The status to use instead of 0: the program has not ended yet, or has decided on another status."""
    if _end.listeners or _end.status is None:
        return 1
    installation.report_late(pid, is_last=True)  # the exit handler that does it will not be called
    return _end.status


def _tell(call: str) -> None:
    for on_end in reversed(_end.listeners):
        try:
            on_end(call)
        except BaseException as error:  # noqa: BLE001 - the process ends, and not with 0, whatever is left of streams
            say(None, traceback_text(error))


def _guarded_exec(original: Callable[..., Any], pid: int) -> Callable[..., Any]:
    @functools.wraps(original)
    def guarded_exec(path: Any, argv: Any, *rest: Any) -> Any:
        if not _is_watched(pid) or not _may_run(path):
            return original(path, argv, *rest)
        real.audit("os.exec", path, argv, *(rest or (None,)))  # the guard answers first
        call = f"os.{original.__name__}({path!r}, {argv!r})"
        with scopes.unjudged():
            child = _start(original, path, argv, *rest)
            if child is None:
                return original(path, argv, *rest)  # fails here as it failed in the child
            _tell(call)
            installation.close_log()
            _, status = system.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        return real.exit_process(128 - code if code < 0 else code or _status_instead(pid))

    return guarded_exec


def _may_run(path: Any) -> bool:
    """Whether an exec is worth trying: os.execvp tries each folder of PATH in turn."""
    try:
        return isinstance(path, int) or (os.path.isfile(path) and os.access(path, os.X_OK))
    except (TypeError, ValueError):
        return False  # the original says what is wrong with it


def _start(execute: Callable[..., Any], *args: Any) -> int | None:
    """Execute a program in a child, and return its process id; None if it could not be executed."""
    if features.WINDOWS:
        try:
            started: int = getattr(os, execute.__name__.replace("exec", "spawn"))(os.P_NOWAIT, *args)
        except OSError:
            return None
        return started
    reading, writing = system.pipe()  # a successful exec closes it
    child: int = system.fork()
    if child == 0:
        try:
            execute(*args)
        finally:
            system.write(writing, b"failed")
            real.exit_process(127)
    system.close(writing)
    with real.open_file(reading, "rb") as pipe:
        failed = pipe.read()
    if not failed:
        return child
    system.waitpid(child, 0)
    return None
