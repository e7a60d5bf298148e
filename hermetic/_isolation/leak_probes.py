"""The list of what a snapshot of a process holds, and how each thing is read.

The list is that of CPython's regression tests (Lib/test/libregrtest/save_env.py), with processes, threads, open files,
signal handlers, limits and timers besides. What belongs to a module that is not imported yet is not read.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys

from .._base import features, own_files, real
from .._stdlib import global_state, interpreter_internals, windows_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Probe = tuple[str, str, Any]

fcntl: Any = None if features.WINDOWS else importlib.import_module("fcntl")
_GET_PATH: int | None = getattr(fcntl, "F_GETPATH", None)
_MAX_PATH = 1024  # bytes: MAXPATHLEN of macOS
_MOST_WINDOWS_FILES = 512
# Fails for a number of no open file. Elsewhere, fstat takes ten times as long; on Windows, it would wait while a thread
# waits in a read of a pipe.
_look_up = windows_files.msvcrt.get_osfhandle if features.WINDOWS else os.get_inheritable

UNKNOWN = object()  # what a probe returns where there is nothing to look at
UNREAD = object()  # what stands for the value of a probe that failed


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _folder() -> str | None:
    try:
        return real.get_cwd()
    except OSError:
        return None


def folder_state() -> tuple[int, int, int]:
    """The device and inode of the current folder, and its time of modification in nanoseconds."""
    try:
        found = real.stat(".")
    except OSError:
        return (0, 0, 0)
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _finders() -> list[Any]:
    """The finders of modules, without those of hermetic, which come and go."""
    return [finder for finder in sys.meta_path if not type(finder).__module__.startswith(f"{_PACKAGE}.")]


_PACKAGE = __name__.partition(".")[0]


def _blocked_signals(signal: Any) -> dict[str, bool]:
    how = getattr(signal, "SIG_BLOCK", 0)
    return {str(int(number)): True for number in real.change_blocked_signals(how, ())}


def _timers(signal: Any) -> dict[str, bool]:
    names = ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    return {name: signal.getitimer(getattr(signal, name))[0] > 0 for name in names if hasattr(signal, name)}


def _limits(resource: Any) -> dict[str, Any]:
    return {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}


def _locales(locale: Any) -> dict[str, Any]:
    return {name: global_state.current_locale(locale, name) for name in _LOCALE_CATEGORIES if hasattr(locale, name)}


def _event_loop_policy(events: Any) -> Any:
    """The policy that was set by other code than asyncio, which sets the default one on first use."""
    policy = global_state.event_loop_policy(events)
    return None if type(policy).__module__.partition(".")[0] == "asyncio" else policy


def _handlers(logging: Any) -> tuple[Any, ...]:
    """The handlers that are in use: libraries add a NullHandler when they are imported."""
    by_name, references = global_state.logging_handlers(logging)
    unused = (type(None), logging.NullHandler)
    return by_name, [reference for reference in references if type(reference()) not in unused]


def _once_set(value: Any) -> Any:
    """A value that the standard library sets itself on first use: only later changes count."""
    return UNKNOWN if value is None else value


_LOCALE_CATEGORIES = ("LC_CTYPE", "LC_COLLATE", "LC_TIME", "LC_MONETARY", "LC_NUMERIC", "LC_MESSAGES")

# What is compared as a whole: the name that people see, and how it is read: by a function, or from a module once that
# is imported, as its attribute or by a function of the module. A list is compared by its identity and its items.
VALUES: tuple[Probe, ...] = (
    ("current folder", "", _folder),
    ("umask", "", _umask),
    ("sys.argv", "sys", "argv"),
    ("sys.path", "sys", "path"),
    ("sys.path_hooks", "sys", "path_hooks"),
    ("sys.meta_path", "", lambda: (id(sys.meta_path), _finders())),
    ("sys.stdin", "sys", "stdin"),
    ("sys.stdout", "sys", "stdout"),
    ("sys.stderr", "sys", "stderr"),
    ("sys.excepthook", "sys", "excepthook"),
    ("sys.displayhook", "sys", "displayhook"),
    ("sys.warnoptions", "sys", "warnoptions"),
    ("trace function", "", sys.gettrace),
    ("profile function", "", sys.getprofile),
    ("recursion limit", "", sys.getrecursionlimit),
    ("thread switch interval", "", sys.getswitchinterval),
    ("builtins.__import__", "builtins", "__import__"),
    ("builtins.open", "builtins", "open"),
    ("warnings.filters", "warnings", "filters"),
    ("warnings.showwarning", "warnings", "showwarning"),
    ("logging handlers", "logging", _handlers),
    ("root logger", "logging", lambda logging: (logging.root.level, [*logging.root.handlers])),
    ("logging.disable", "logging", lambda logging: logging.root.manager.disable),
    ("time zone", "time", "tzname"),
    ("shutil archive formats", "shutil", global_state.archive_formats),
    ("shutil unpack formats", "shutil", global_state.unpack_formats),
    ("asyncio event loop policy", "asyncio.events", _event_loop_policy),
    ("asyncore.socket_map", "asyncore", lambda asyncore: dict(asyncore.socket_map)),
    ("sysconfig variables", "sysconfig", lambda sysconfig: _once_set(global_state.sysconfig_state(sysconfig))),
    ("urllib.request opener", "urllib.request", lambda request: _once_set(global_state.url_opener(request))),
    ("urllib.request temporary files", "urllib.request", global_state.url_temporary_files),
    ("default socket timeout", "socket", lambda socket: socket.getdefaulttimeout()),
)  # fmt: skip

# What is compared by key.
TABLES: tuple[Probe, ...] = (
    ("environment variable", "", real.live_environment),
    ("signal handler", "signal", lambda _: real.signal_handlers()),
    ("blocked signal", "signal", _blocked_signals),
    ("timer", "signal", _timers),
    ("resource limit", "resource", _limits),
    ("locale", "locale", _locales),
)


def folder_names(folder: str) -> list[str]:
    """The names in a folder, sorted; none for a folder that cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def read(probes: Iterable[Probe], *, to_keep: bool = True) -> dict[str, Any]:
    """What probes return, by name, with ``UNREAD`` for one that fails.

    Args:
        to_keep: whether lists and dictionaries are copied. To copy them takes time, and in a worker memory, because it
            changes the reference count of each item.
    """
    values: dict[str, Any] = {}
    for name, module, how in probes:
        try:
            found = sys.modules.get(module) if module else None
            if module and found is None:
                values[name] = UNKNOWN
                continue
            value = getattr(found, how) if type(how) is str else how(found) if module else how()
            kept = value.copy() if to_keep and type(value) in (list, dict) else value
            values[name] = (id(value), kept) if type(how) is str and type(value) is list else kept
        except Exception:  # noqa: BLE001 - a test may have broken what the probe looks at
            values[name] = UNREAD
    return values


def known_threads() -> list[Any]:
    """The threads of this process that Python knows."""
    return interpreter_internals.enumerate_threads(sys.modules.get("threading"))


def open_files() -> set[int]:
    """The open file descriptors, without those of helper processes."""
    if features.WINDOWS:  # nothing lists them: a new file has the lowest number that is free
        listed = [fd for fd in range(_MOST_WINDOWS_FILES) if is_open(fd)]
    else:
        listed = sorted(map(int, folder_names(features.OPEN_FILES_FOLDER)))
    for fd in listed:
        if not is_open(fd):  # the list was read through the lowest number that was free, and that is free again
            listed.remove(fd)
            break
    return {*listed}.difference(global_state.helper_files(), own_files.sweeper_pipes())


def is_open(fd: int) -> bool:
    """Whether a file descriptor is open."""
    try:
        _look_up(fd)
    except OSError:
        return False
    return True


def open_path(fd: int) -> str:
    """The path of an open file, or ``unknown``."""
    try:
        if _GET_PATH is not None:  # on macOS, where the folder has no links
            return os.fsdecode(fcntl.fcntl(fd, _GET_PATH, bytes(_MAX_PATH)).rstrip(b"\0"))
        if features.WINDOWS:
            return _path_in_python(fd)
        return os.readlink(f"{features.OPEN_FILES_FOLDER}/{fd}")
    except OSError:
        return "unknown"


def _path_in_python(fd: int) -> str:
    """The path that Python opened a file by; ``unknown`` for a file that was opened by ``os.open``."""
    files = (found for found in gc.get_objects() if type(found) is io.FileIO)
    names = (file.name for file in files if not file.closed and file.fileno() == fd)
    return next((os.fsdecode(name) for name in names if isinstance(name, (str, bytes, os.PathLike))), "unknown")


def is_pythons_own(path: str) -> bool:
    """Whether Python opened the file for itself: random numbers, libffi (for ctypes), multiprocessing's memory."""
    name = os.path.basename(path)
    return path in ("/dev/urandom", "/dev/random") or name.startswith(("libffi.so", "pym-"))
