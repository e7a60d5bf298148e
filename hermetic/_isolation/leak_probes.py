"""The list of what a snapshot of a process holds, and how each thing is read.

The list is that of CPython's regression tests (Lib/test/libregrtest/save_env.py), with processes, threads, open files,
signal handlers, limits and timers besides. What belongs to a module that is not imported yet is not read.
"""

from __future__ import annotations

import importlib
import os
import sys

from .._base import features, own_files, real
from .._stdlib import global_state, interpreter_internals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

fcntl: Any = None if features.WINDOWS else importlib.import_module("fcntl")
_GET_PATH: int | None = getattr(fcntl, "F_GETPATH", None)
_MAX_PATH = 1024  # bytes: MAXPATHLEN of macOS

UNKNOWN = object()  # what a probe returns where there is nothing to look at
UNREAD = object()  # what stands for the value of a probe that failed


def _loaded(module: str, read: Callable[[Any], Any]) -> Callable[[], Any]:
    """A probe that reads something of a module, once that is imported."""

    def probe() -> Any:
        found = sys.modules.get(module)
        return UNKNOWN if found is None else read(found)

    return probe


def _list(module: str, name: str) -> Callable[[], Any]:
    """A probe for a list of a module: its identity and its items."""
    return _loaded(module, lambda found: (id(getattr(found, name)), [*getattr(found, name)]))


def _identity(module: str, name: str) -> Callable[[], Any]:
    return _loaded(module, lambda found: getattr(found, name, None))


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


def _blocked_signals(signal: Any) -> dict[str, Any]:
    mask = getattr(signal, "pthread_sigmask", None)
    return {} if mask is None else {str(number): True for number in mask(signal.SIG_BLOCK, ())}


def _timers(signal: Any) -> dict[str, bool]:
    names = ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    return {name: signal.getitimer(getattr(signal, name))[0] > 0 for name in names if hasattr(signal, name)}


def _limits(resource: Any) -> dict[str, Any]:
    return {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}


def _locales(locale: Any) -> dict[str, Any]:
    return {name: locale.setlocale(getattr(locale, name)) for name in _LOCALE_CATEGORIES if hasattr(locale, name)}


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

# What is compared as a whole: the name that people see, and how it is read.
VALUES: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("current folder", _folder),
    ("umask", _umask),
    ("sys.argv", _list("sys", "argv")),
    ("sys.path", _list("sys", "path")),
    ("sys.path_hooks", _list("sys", "path_hooks")),
    ("sys.meta_path", lambda: (id(sys.meta_path), _finders())),
    ("sys.stdin", _identity("sys", "stdin")),
    ("sys.stdout", _identity("sys", "stdout")),
    ("sys.stderr", _identity("sys", "stderr")),
    ("sys.excepthook", _identity("sys", "excepthook")),
    ("sys.displayhook", _identity("sys", "displayhook")),
    ("sys.warnoptions", _list("sys", "warnoptions")),
    ("trace function", sys.gettrace),
    ("profile function", sys.getprofile),
    ("recursion limit", sys.getrecursionlimit),
    ("thread switch interval", sys.getswitchinterval),
    ("builtins.__import__", _identity("builtins", "__import__")),
    ("builtins.open", _identity("builtins", "open")),
    ("warnings.filters", lambda: (id(global_state.warning_filters()), [*global_state.warning_filters()])),
    ("warnings.showwarning", _identity("warnings", "showwarning")),
    ("logging handlers", _loaded("logging", _handlers)),
    ("root logger", _loaded("logging", lambda logging: (logging.root.level, [*logging.root.handlers]))),
    ("logging.disable", _loaded("logging", lambda logging: logging.root.manager.disable)),
    ("time zone", _loaded("time", lambda time: time.tzname)),
    ("shutil archive formats", _loaded("shutil", lambda shutil: shutil.get_archive_formats())),
    ("shutil unpack formats", _loaded("shutil", lambda shutil: shutil.get_unpack_formats())),
    ("asyncio event loop policy", _loaded("asyncio.events", _event_loop_policy)),
    ("asyncore.socket_map", _loaded("asyncore", lambda asyncore: dict(asyncore.socket_map))),
    ("sysconfig variables", _loaded("sysconfig", lambda sysconfig: _once_set(global_state.sysconfig_state(sysconfig)))),
    ("urllib.request opener", _loaded("urllib.request", lambda request: _once_set(global_state.url_opener(request)))),
    ("urllib.request temporary files", _loaded("urllib.request", global_state.url_temporary_files)),
    ("default socket timeout", _loaded("socket", lambda socket: socket.getdefaulttimeout())),
)  # fmt: skip

# What is compared by key.
TABLES: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("environment variable", real.environment),
    ("signal handler", _loaded("signal", lambda _: real.signal_handlers())),
    ("blocked signal", _loaded("signal", _blocked_signals)),
    ("timer", _loaded("signal", _timers)),
    ("resource limit", _loaded("resource", _limits)),
    ("locale", _loaded("locale", _locales)),
)


def folder_names(folder: str) -> list[str]:
    """The names in a folder, sorted; none for a folder that cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def read(probes: Iterable[tuple[str, Callable[[], Any]]]) -> dict[str, Any]:
    """What probes return, by name, with ``UNREAD`` for one that fails."""
    values = {}
    for name, probe in probes:
        try:
            values[name] = probe()
        except Exception:  # noqa: BLE001 - a test may have broken what the probe looks at
            values[name] = UNREAD
    return values


def known_threads() -> list[Any]:
    """The threads of this process that Python knows."""
    return interpreter_internals.enumerate_threads(sys.modules.get("threading"))


def open_files() -> set[int]:
    """The open file descriptors, without those of helper processes; empty on systems that do not list them."""
    listed = sorted(int(name) for name in folder_names(features.OPEN_FILES_FOLDER) if name.isdigit())
    # The list was read through the lowest number that was free, and that is free again.
    reader = next((fd for fd in listed if not is_open(fd)), None)
    return {*listed}.difference({reader}, global_state.helper_files(), own_files.sweeper_pipes())


def is_open(fd: int) -> bool:
    """Whether a file descriptor is open."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def open_path(fd: int) -> str:
    """The path of an open file, or ``unknown``."""
    try:
        if _GET_PATH is not None:  # on macOS, where the folder has no links
            return os.fsdecode(fcntl.fcntl(fd, _GET_PATH, bytes(_MAX_PATH)).rstrip(b"\0"))
        return os.readlink(f"{features.OPEN_FILES_FOLDER}/{fd}")
    except OSError:
        return "unknown"


def is_pythons_own(path: str) -> bool:
    """Whether Python opened the file for itself: random numbers, libffi (for ctypes), multiprocessing's memory."""
    name = os.path.basename(path)
    return path in ("/dev/urandom", "/dev/random") or name.startswith(("libffi.so", "pym-"))
