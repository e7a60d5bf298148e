"""Names what the double of subprocess replaces in ``subprocess`` and ``asyncio``, and reads interpreter options."""

from __future__ import annotations

import sys

from .._base import features, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Methods of Popen; the last one matters on Windows only.
POPEN_START, POPEN_POLL, POPEN_WAIT, POPEN_COMMUNICATE = "_execute_child", "_internal_poll", "_wait", "_communicate"
SUBPROCESS_CLOCK, SUBPROCESS_SELECTOR, SUBPROCESS_FORK_EXEC = "_time", "_PopenSelector", "_fork_exec"
ASYNCIO_START = "_make_subprocess_transport"  # a method of the event loop
ASYNCIO_LOOPS = "asyncio.windows_events" if features.WINDOWS else "asyncio.unix_events"  # its module


def child_was_started(popen: Any, pid: int, files: Iterable[int]) -> None:
    """Put a Popen object into the state that it has once its child has started.

    Args:
        files: both ends of its three pipes, in the order of the arguments of ``_execute_child``.
    """
    popen.pid = pid
    popen._child_created = True
    popen._close_pipe_fds(*files)


def process_target(process: Any) -> Any:
    """Return what a process of multiprocessing is to run; None for its own method, and after its start."""
    return getattr(process, "_target", None)


def event_loop() -> type:
    """Return the class of asyncio's event loops that start subprocesses."""
    name = "ProactorEventLoop" if features.WINDOWS else "_UnixSelectorEventLoop"
    return getattr(real.import_module(ASYNCIO_LOOPS), name)  # type: ignore[no-any-return]


def asyncio_popen() -> Any:
    """Return the class of Popen objects that asyncio makes."""
    return real.import_module("asyncio.windows_utils" if features.WINDOWS else "subprocess").Popen


def selector_of_loop(loop: Any) -> Any:
    """Return the selector, or on Windows the proactor, that an event loop waits on."""
    return loop._selector


def awaited_files(selector: Any) -> set[int]:
    """Return the numbers of the files that a selector waits on, and on Windows negative ones for other objects."""
    if not features.WINDOWS:
        return set(selector.get_map())
    operations = enumerate(selector._cache.values(), 1)
    return {file.fileno() if hasattr(file, "fileno") else -count for count, (_, _, file, _) in operations}


def process_exited(transport: Any, returncode: int) -> None:
    """Tell a transport of asyncio that its process has ended."""
    transport._process_exited(returncode)


def interpreter_flags() -> list[str]:
    """Return the command line options that start an interpreter with the options of this one."""
    import subprocess

    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    for name, value in sys._xoptions.items():  # subprocess only knows the options of CPython
        option = name if value is True else f"{name}={value}"
        if option not in flags and name != "importtime":
            flags += ["-X", option]
    if "importtime" in flags:  # meant for the imports of the run, not of its workers
        index = flags.index("importtime")
        del flags[index - 1 : index + 1]
    return flags
