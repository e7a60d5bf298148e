"""What a test changed in its process and left behind: a snapshot before, a comparison after.

The list is that of CPython's regression tests (Lib/test/libregrtest/save_env.py), with processes, threads, open files,
signal handlers, limits and timers besides. What belongs to a module that is not imported yet is not looked at.
"""

from __future__ import annotations

import gc
import os
import sys

from .._base import features, own_files, real
from .._stdlib import global_state, thread_internals, warnings_internals
from . import process_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_NAMED = 5
_GRACE = 0.1  # seconds for threads and processes that have been told to end, but were not waited for
_UNKNOWN = object()  # what a probe finds where there is nothing to be looked at
_UNREAD = object()  # what stands for a value whose probe failed


def _loaded(module: str, read: Callable[[Any], Any]) -> Callable[[], Any]:
    """A probe into a module that says nothing while that is not imported."""

    def probe() -> Any:
        found = sys.modules.get(module)
        return _UNKNOWN if found is None else read(found)

    return probe


def _list(module: str, name: str) -> Callable[[], Any]:
    """A probe into a list: it is another one, or it holds other things."""
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


def _folder_state() -> tuple[int, int, int]:
    """Which folder is the current one, and when something was last added to it or taken from it, in nanoseconds."""
    try:
        found = real.stat(".")
    except OSError:
        return (0, 0, 0)
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _finders() -> list[Any]:
    """The finders of modules, without our own, which go when they have found what they wait for."""
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
    """The policy that somebody has set: the default one is set by whoever asks for an event loop."""
    policy = global_state.event_loop_policy(events)
    return None if type(policy).__module__.partition(".")[0] == "asyncio" else policy


def _handlers(logging: Any) -> tuple[Any, ...]:
    """The handlers that are in use; a NullHandler is what a library gives its logger when it is imported."""
    by_name, references = global_state.logging_handlers(logging)
    unused = (type(None), logging.NullHandler)
    return by_name, [reference for reference in references if type(reference()) not in unused]


def _once_set(value: Any) -> Any:
    """A value that the standard library sets for itself when it is first used."""
    return _UNKNOWN if value is None else value


_LOCALE_CATEGORIES = ("LC_CTYPE", "LC_COLLATE", "LC_TIME", "LC_MONETARY", "LC_NUMERIC", "LC_MESSAGES")

# What is compared by value: names of things for people, and how each is read.
_VALUES: tuple[tuple[str, Callable[[], Any]], ...] = (
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
    ("warnings.filters", lambda: (id(warnings_internals.warning_filters()), [*warnings_internals.warning_filters()])),
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

# What is compared key by key.
_TABLES: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("environment variable", real.environment),
    ("signal handler", _loaded("signal", lambda _: real.signal_handlers())),
    ("blocked signal", _loaded("signal", _blocked_signals)),
    ("timer", _loaded("signal", _timers)),
    ("resource limit", _loaded("resource", _limits)),
    ("locale", _loaded("locale", _locales)),
)


def _names_in(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


class Snapshot:
    """What a process is like now."""

    def __init__(self) -> None:
        self._values = {name: _read(probe) for name, probe in _VALUES}
        self._tables = {name: _read(probe) for name, probe in _TABLES}
        self._module_count = len(sys.modules)
        self._folder_state, self._folder_names = _folder_state(), {*_names_in(".")}
        self._threads = [*_threads()]  # held, so that no new one gets the place of one that has gone
        self._files = _open_files()
        self._children = {*process_tree.living_children()}

    def renew(self) -> None:
        """Take again what a forked process is given of its own; the rest is as it was in its parent."""
        for name in _GIVEN_TO_WORKERS:
            if name in self._values:
                self._values[name] = _read(_PROBES[name])
            else:
                self._tables[name] = _read(_PROBES[name])
        self._files = _open_files()
        if _folder_state() != self._folder_state:  # other workers have changed it meanwhile
            self._folder_state, self._folder_names = _folder_state(), {*_names_in(".")}

    def changes(self) -> list[str]:
        """What has changed since, for people, one text for each thing; empty for nothing."""
        found = self._left() + self._changed()
        if found:
            gc.collect()  # what only a cycle holds is not left, nor what a failed test's traceback does
            deadline = real.perf_counter() + _GRACE
            while self._running() and real.perf_counter() < deadline:
                real.sleep(0.002)
            found = self._left() + self._changed()
        return found

    def _running(self) -> list[str]:
        """The processes and threads that were not there."""
        return [
            *(
                f"process left running: {command}"
                for pid, command in process_tree.living_children().items()
                if pid not in self._children
            ),
            *(
                f"thread left running: {thread.name}"
                for thread in _threads()
                if thread not in self._threads and thread.is_alive()
            ),
        ]

    def _left(self) -> list[str]:
        opened = [(fd, _path_of(fd)) for fd in sorted(_open_files() - self._files)]
        shown = [f"open file descriptor left: {fd} ({path})" for fd, path in opened if not _is_pythons_own(path)]
        return self._running() + shown

    def _changed(self) -> list[str]:
        found = [f"file descriptor closed: {fd}" for fd in sorted(self._files - _open_files())]
        for name, probe in _VALUES:
            before, after = self._values[name], _read(probe)
            found += _unread(name, before, after)
            if _are_known(before, after) and not _same(before, after):
                found.append(f"{name} changed{_shown_change(before, after)}")
        for name, probe in _TABLES:
            before, after = self._tables[name], _read(probe)
            found += _unread(name, before, after)
            if _are_known(before, after):
                found += _table_changes(name, before, after)
        if len(sys.modules) < self._module_count:
            found.append(f"sys.modules has lost {self._module_count - len(sys.modules)} modules")
        state = _folder_state()
        if state != self._folder_state and state[:2] == self._folder_state[:2]:
            found += _new_files_here(self._folder_names)
        return found


_PROBES = {**dict(_VALUES), **dict(_TABLES)}
_GIVEN_TO_WORKERS = ("warnings.showwarning", "environment variable", "signal handler", "blocked signal")


def changes_since(snapshot: Snapshot | None) -> list[str]:
    """The changes since a snapshot, if there is one; whatever a test did to the functions that look for them."""
    if snapshot is None:
        return []
    try:
        return snapshot.changes()
    except Exception as error:  # noqa: BLE001 - as above
        return [f"a function of the standard library was replaced ({type(error).__name__}: {error})"]


def _read(probe: Callable[[], Any]) -> Any:
    try:
        return probe()
    except Exception:  # noqa: BLE001 - a test may have broken what the probe looks at
        return _UNREAD


def _are_known(*values: Any) -> bool:
    return not any(value is _UNKNOWN or value is _UNREAD for value in values)


def _unread(name: str, before: Any, after: Any) -> list[str]:
    """What could be read once alone, so that a change would not be seen."""
    if (before is _UNREAD) == (after is _UNREAD):
        return []  # what could not be read before, either, was broken by an earlier test, which is told of it
    return [f"{name} could not be read {'before' if before is _UNREAD else 'after'} the test"]


def _same(before: Any, after: Any) -> bool:
    try:
        return bool(before is after or before == after)
    except Exception:  # noqa: BLE001 - the user's objects may refuse to be compared
        return False


def _shown_change(before: Any, after: Any) -> str:
    plain = (str, int, float)
    if isinstance(before, plain) and isinstance(after, plain):
        return f": {before!r} -> {after!r}"
    items_before, items_after = _items(before), _items(after)
    if items_before is None or items_after is None:
        return ""
    added = [item for item in items_after if item not in items_before]
    removed = [item for item in items_before if item not in items_after]
    parts = [f"{_listed(added)} added"] * bool(added) + [f"{_listed(removed)} removed"] * bool(removed)
    return f": {', '.join(parts) or 'it is another one, or in another order'}"


def _items(value: Any) -> list[Any] | None:
    """The list that a probe has found, with or without a number that belongs to it; None if it was no list."""
    found = value[-1] if isinstance(value, tuple) and value and type(value[0]) is int else value
    return found if type(found) is list else None


def _table_changes(name: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Which keys changed; never the values of environment variables, which may be secrets."""
    verbs = {
        "added": [key for key in after if key not in before],
        "removed": [key for key in before if key not in after],
        "changed": [key for key in after if key in before and not _same(before[key], after[key])],
    }
    return [f"{name} {verb}: {_shown_key(name, key)}" for verb, keys in verbs.items() for key in keys]


def summed(changes: list[str]) -> str:
    """Changes as one text, those of a kind together."""
    kinds: dict[str, list[str]] = {}
    for change in changes:
        kind, _, thing = change.partition(": ")
        kinds.setdefault(kind, []).extend([thing] * bool(thing))
    return "; ".join(f"{kind}: {_listed(things)}" if things else kind for kind, things in kinds.items())


def _shown_key(table: str, key: Any) -> str:
    if table == "signal handler":
        return process_tree.signal_name(key)
    return real.decoded_variable(key)


def _listed(names: list[Any]) -> str:
    shown = ", ".join(map(str, names[:_MAX_NAMED]))
    return shown if len(names) <= _MAX_NAMED else f"{shown} and {len(names) - _MAX_NAMED} more"


def _threads() -> list[Any]:
    threading = sys.modules.get("threading")
    return [] if threading is None else list(thread_internals.enumerate_threads(threading))


def _new_files_here(before: set[str]) -> list[str]:
    """What has come to the current folder; not hidden files and caches, which tools write for themselves."""
    new = [name for name in _names_in(".") if name not in before and not name.startswith((".", "__pycache__"))]
    return [f"file in the current folder: {name}" for name in new]


def _open_files() -> set[int]:
    """The open file descriptors, without those of helpers; empty where the system does not tell."""
    listed = {int(name) for name in _names_in(features.OPEN_FILES_FOLDER) if name.isdigit()}
    helpers = {*global_state.helper_files(), *own_files.sweeper_pipes()}
    return {fd for fd in listed.difference(helpers) if _is_open(fd)}


def _is_open(fd: int) -> bool:
    """Whether a file descriptor is open: the one that the list was read through is not."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _path_of(fd: int) -> str:
    """What a file descriptor is of, where the system tells."""
    try:
        return os.readlink(f"{features.OPEN_FILES_FOLDER}/{fd}")
    except OSError:
        return "unknown"


def _is_pythons_own(path: str) -> bool:
    """Whether the interpreter opened it for itself, once.

    The source of random numbers; libffi, which ctypes has open for its callbacks; multiprocessing's shared memory.
    """
    name = os.path.basename(path)
    return path in ("/dev/urandom", "/dev/random") or name.startswith(("libffi.so", "pym-"))
