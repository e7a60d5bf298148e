"""Process trees: which processes descend from which, by /proc on Linux, and how to signal them.

macOS and Windows are asked by C functions (``mac_processes``, ``windows_processes``). On Linux, the zygote and its
workers are subreapers: processes that tests leave behind become their children, even after setsid() and a double fork.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal

from .._base import features, own_files, real, system
from . import mac_processes, windows_processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_READ_BYTES = 65536
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # include/uapi/linux/prctl.h

_MAX_COMMAND = 200  # characters of a command that are shown: python -c may take pages

# Processes of multiprocessing, loky and hermetic that end with the process that they serve.
_HELPERS = (
    "multiprocessing.resource_tracker",
    "multiprocessing.forkserver",
    "loky.backend.resource_tracker",
    own_files.SWEEPER_NAME,
)

_listdir, _kill, _waitid = os.listdir, os.kill, getattr(os, "waitid", None)


@functools.cache
def _prctl() -> Any:
    """The system call, or None where there is no ctypes or no such call."""
    try:
        import ctypes  # not worth its start-up time where no test is isolated

        return ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError, TypeError):  # TypeError: on Windows, for the None
        return None


def adopt_orphans() -> None:
    """Become the parent of descendants whose parents have ended."""
    prctl = _prctl()
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when the thread that started it ends."""
    prctl = _prctl()
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def occupy_standard_files() -> None:
    """Open the null device as 0, 1 and 2 where they are closed: a socket with such a number cannot be passed on."""
    while (file := system.open_fd(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - those three
        continue
    system.close(file)


def close_files(besides: int) -> None:
    """Close all file descriptors but the standard ones and the given one."""
    try:
        found = [*map(int, _listdir("/proc/self/fd"))]
    except OSError:  # /proc is not mounted
        os.closerange(3, besides)
        os.closerange(besides + 1, os.sysconf("SC_OPEN_MAX"))  # type: ignore[attr-defined,unused-ignore]
        return
    for fd in found:
        if fd > 2 and fd != besides:  # noqa: PLR2004 - as above
            with contextlib.suppress(OSError):  # the one that the list was read through
                system.close(fd)


def thread_count() -> int:
    """The number of threads of this process, those of C libraries included; 0 on systems that do not tell."""
    try:
        return len(_listdir("/proc/self/task"))
    except OSError:
        return 0


def children_of(pid: int) -> list[int]:
    """The processes whose parent is the given one, zombies included."""
    if features.LINUX:
        return _children_on_linux(pid)
    return windows_processes.pids_of_children(pid) if features.WINDOWS else mac_processes.child_pids(pid)


def _children_on_linux(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in _listdir(f"/proc/{pid}/task"):
            found += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:
        pass  # it has ended meanwhile
    return found


def children_of_thread() -> list[int]:
    """The children of this process, as ``children_of`` returns them, if it has one thread; on Linux only."""
    try:
        return [*map(int, _read("/proc/thread-self/children").split())]
    except OSError:
        return []


def descendants_of(pid: int) -> list[int]:
    """The processes that descend from the given one, as far as their parents live."""
    found: list[int] = []
    for child in children_of(pid):
        found += [child, *descendants_of(child)]
    return found


def comes_from(pid: int, session: int, folder: str) -> bool:
    """Whether a process is in a session, or has a folder in its environment, which setsid() does not change."""
    try:
        environ = _read(f"/proc/{pid}/environ") if features.LINUX else mac_processes.start_of(pid)[1]
        return os.getsid(pid) == session or folder in environ
    except OSError:
        return False  # it has ended meanwhile


def has_children() -> bool:
    """Whether this process has child processes, zombies included."""
    if _waitid is None:
        return True
    try:
        _waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def living_children() -> dict[int, str]:
    """The commands of the children of this process that run, by process id; without helpers of multiprocessing."""
    found: dict[int, str] = {}
    if not has_children():
        return found
    for pid in children_of(real.get_pid()):
        command = command_of(pid)
        if command is not None and not is_helper(command):
            found[pid] = command
    return found


def reap(pid: int) -> bool:
    """Take the status of a child if it has ended; True if it is not a child any more."""
    try:
        return system.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def is_ending(pid: int) -> bool:
    """Whether a process is exiting: its memory, and with it its command line, is gone, but it is not a zombie yet."""
    try:
        os.readlink(f"/proc/{pid}/exe")
    except FileNotFoundError:
        try:
            return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False
    except OSError:
        pass
    return False


def is_helper(command: str) -> bool:
    """Whether a command is one of the processes that multiprocessing starts for itself."""
    return any(helper in command for helper in _HELPERS)


def command_of(pid: int) -> str | None:
    """The command line of a process, on one line; None for one that has ended."""
    try:
        command = _whole_command(pid)
    except OSError:
        return None
    is_shown_whole = len(command) <= _MAX_COMMAND or is_helper(command)
    return command if is_shown_whole else f"{command[:_MAX_COMMAND]}..."


def _whole_command(pid: int) -> str:
    if features.LINUX:
        return _linux_command(pid)
    if features.WINDOWS:
        return windows_processes.command_line_of(pid)
    return " ".join(mac_processes.start_of(pid)[0])


def _linux_command(pid: int) -> str:
    name, _, status = _read(f"/proc/{pid}/stat").partition("(")[2].rpartition(")")
    if status.split()[0] in ("Z", "X"):
        raise ProcessLookupError(pid)
    return " ".join(_read(f"/proc/{pid}/cmdline").split("\0")).strip() or name  # exec is under way


def _read(path: str) -> str:
    fd = system.open_fd(path, os.O_RDONLY | os.O_CLOEXEC)  # a file object takes three times the system calls
    try:
        parts = [*iter(lambda: system.read(fd, _READ_BYTES), b"")]
    finally:
        system.close(fd)
    return b"".join(parts).decode("utf-8", "backslashreplace")


def send(pid: int, number: int) -> None:
    """Signal a process, if it exists; on Windows, end it."""
    try:
        _kill(pid, number)
    except OSError:
        pass  # Windows has other errors than POSIX for processes that have ended, and for those of other users


def send_group(group: int, number: int) -> None:
    """Signal a process group, if it exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def status_text(status: int) -> str:
    """How a process ended, for people.

    Args:
        status: its exit code, or the negative number of the signal that ended it.
    """
    if status >= 0:
        name = _EXCEPTIONS.get(status, "")
        return f"{name} (exit status {status:#x})" if name else f"exit status {status}"
    return signal_name(-status)


ABORTED = 3  # the exit status after abort() on Windows; after exit(3), too
# Exceptions that end a process on Windows, by its exit status.
_EXCEPTIONS = {
    0xC0000005: "access violation",
    0xC0000017: "out of memory",
    0xC000001D: "illegal instruction",
    0xC0000094: "integer division by zero",
    0xC00000FD: "stack overflow",
    0xC000013A: "Ctrl-C",
    0xC0000374: "heap corruption",
    0xC0000409: "fail-fast exception",
}


def signal_name(number: int) -> str:
    """The name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
