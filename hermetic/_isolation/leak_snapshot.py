"""What a test changed in its process and left behind: a snapshot before the test, and a comparison after it."""

from __future__ import annotations

import gc
import sys

from .._base import real
from .._policy import messages
from . import leak_probes, process_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_GRACE = 0.1  # seconds for threads and processes that were told to end, but not waited for
_PROBES = (*leak_probes.VALUES, *leak_probes.TABLES)
_BESIDE_SQLITE = ("-journal", "-wal", "-shm")  # come and go with the transactions of a database
_FILES_OF_TOOLS = (".", "__pycache__")  # what the names of hidden files and of caches begin with
_GIVEN_TO_WORKERS = ("warnings.showwarning", "environment variable", "signal handler", "blocked signal")
_OF_WORKERS = [probe for probe in _PROBES if probe[0] in _GIVEN_TO_WORKERS]
_TABLES = frozenset(name for name, *_ in leak_probes.TABLES)


class Snapshot:
    """The state of this process, as far as tests may change it.

    Args:
        others_files: what the names of files begin with that other processes create in the current folder meanwhile.
    """

    def __init__(self, others_files: Iterable[str] = ()) -> None:
        self._ignored_files = (*_FILES_OF_TOOLS, *others_files)
        self._values = leak_probes.read(_PROBES)
        self._module_count = len(sys.modules)
        self._folder_state, self._folder_names = leak_probes.folder_state(), {*leak_probes.folder_names(".")}
        self._threads = [*leak_probes.known_threads()]  # held, so that no new one gets the place of one that has gone
        self._files = leak_probes.open_files()
        self._children = {*process_tree.living_children()}

    def renew(self) -> None:
        """Read again what a worker sets up for itself after the fork; the rest is as it was in its parent."""
        self._values.update(leak_probes.read(_OF_WORKERS))
        self._files = leak_probes.open_files()
        if leak_probes.folder_state() != self._folder_state:  # other workers have changed it since
            self._folder_state, self._folder_names = leak_probes.folder_state(), {*leak_probes.folder_names(".")}

    def changes(self) -> list[str]:
        """Describe what has changed since, one text for each thing."""
        found = self._all()
        if found:
            gc.collect()  # what only a cycle or the traceback of a failed test holds is not left behind
            deadline = real.perf_counter() + _GRACE
            while self._running() and real.perf_counter() < deadline:
                real.sleep(0.002)
            found = self._all()
        return found

    def _all(self) -> list[str]:
        files = leak_probes.open_files()
        return self._running() + self._left(files - self._files) + self._changed(self._files - files)

    def _running(self) -> list[str]:
        """The processes and threads that have been started since.

        Not this thread, which is new to Python if a test is the first to import threading.
        """
        here = real.get_thread_id()
        commands = [command for pid, command in process_tree.living_children().items() if pid not in self._children]
        threads = [
            thread
            for thread in leak_probes.known_threads()
            if thread not in self._threads and thread.ident != here and thread.is_alive()
        ]
        return [
            *[f"process left running: {command}" for command in commands],
            *[f"thread left running: {thread.name}" for thread in threads],
        ]

    @staticmethod
    def _left(files: set[int]) -> list[str]:
        opened = [(fd, leak_probes.open_path(fd)) for fd in sorted(files) if leak_probes.is_open(fd)]
        return [
            f"open file descriptor left: {fd} ({path})"
            for fd, path in opened
            if not leak_probes.is_pythons_own(path) and not path.endswith(_BESIDE_SQLITE)
        ]

    def _changed(self, closed: set[int]) -> list[str]:
        found = [f"file descriptor closed: {fd}" for fd in sorted(closed)]
        values = leak_probes.read(_PROBES, to_keep=False)
        for name, after in () if _same(self._values, values) else values.items():
            before = self._values[name]
            if after is before or _same(before, after):
                continue
            found += _unread(name, before, after)
            if _are_known(before, after):
                found += _table_changes(name, before, after) if name in _TABLES else _value_change(name, before, after)
        if len(sys.modules) < self._module_count:
            found.append(f"modules removed from sys.modules: {self._module_count - len(sys.modules)}")
        state = leak_probes.folder_state()
        if state != self._folder_state and state[:2] == self._folder_state[:2]:
            names = [name for name in leak_probes.folder_names(".") if self._is_of_tests(name)]
            found += [f"file in the current folder: {name}" for name in names if name not in self._folder_names]
        return found

    def _is_of_tests(self, name: str) -> bool:
        """Whether a new file in the current folder is a test's, and not of a tool, SQLite, or another process."""
        return not name.startswith(self._ignored_files) and not name.endswith(_BESIDE_SQLITE)


def changes_since(snapshot: Snapshot | None) -> list[str]:
    """Describe the changes since a snapshot, even if a test has broken the functions that look for them."""
    if snapshot is None:
        return []
    try:
        return snapshot.changes()
    except Exception as error:  # noqa: BLE001 - a test may have replaced anything
        return [f"a function of the standard library was replaced ({type(error).__name__}: {error})"]


def _are_known(*values: Any) -> bool:
    return not any(value is leak_probes.UNKNOWN or value is leak_probes.UNREAD for value in values)


def _unread(name: str, before: Any, after: Any) -> list[str]:
    """A text for a thing that could be read only before or only after the test, so that no change can be seen."""
    if (before is leak_probes.UNREAD) == (after is leak_probes.UNREAD):
        return []  # an earlier test broke it, and that was reported then
    return [f"{name} could not be read {'before' if before is leak_probes.UNREAD else 'after'} the test"]


def _same(before: Any, after: Any) -> bool:
    try:
        return bool(before is after or before == after)
    except Exception:  # noqa: BLE001 - the user's objects may refuse to be compared
        return False


def _value_change(name: str, before: Any, after: Any) -> list[str]:
    return [f"{name} changed{_shown_change(before, after)}"]


def _shown_change(before: Any, after: Any) -> str:
    plain = (str, int, float)
    if isinstance(before, plain) and isinstance(after, plain):
        return f": {before!r} -> {after!r}"
    items_before, items_after = _items(before), _items(after)
    if items_before is None or items_after is None:
        return ""
    added = [item for item in items_after if item not in items_before]
    removed = [item for item in items_before if item not in items_after]
    sides = ((added, "added"), (removed, "removed"))
    parts = [f"{messages.first_names(items)} {what}" for items, what in sides if items]
    return f": {', '.join(parts) or 'replaced or reordered'}"


def _items(value: Any) -> list[Any] | None:
    """The items of a list that a probe has returned, alone or behind its id, or the keys of a dictionary; else None."""
    found = value[-1] if isinstance(value, tuple) and value and type(value[0]) is int else value
    return [*found] if type(found) in (list, dict) else None


def _table_changes(name: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Describe the keys that changed, without the values: those of environment variables may be secrets."""
    verbs = {
        "added": [key for key in after if key not in before],
        "removed": [key for key in before if key not in after],
        "changed": [key for key in after if key in before and not _same(before[key], after[key])],
    }
    return [f"{name} {verb}: {_shown_key(name, key)}" for verb, keys in verbs.items() for key in keys]


def _shown_key(table: str, key: Any) -> str:
    if table == "signal handler":
        return process_tree.signal_name(key)
    return real.decoded_variable(key)
