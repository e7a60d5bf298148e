"""Detects what a test in this process changes or leaves behind, for ``--detect-leaks``."""

from __future__ import annotations

import functools
import os

from .._guards import audit_hook
from .._isolation import leak_snapshot
from .._stdlib import global_state
from .._verdicts import scopes
from .._verdicts.scopes import owner_name
from . import isolation_errors
from .guarded_result import exc_info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TEMPORARY_FILE_EVENTS = ("tempfile.mkstemp", "tempfile.mkdtemp")
_temporary_files: list[str] = []  # made since the test that is running began


def run(test: Any, result: Any, run_test: Callable[[Any, Any], Any]) -> Any:
    """Run a test, and report what it changed and left."""
    _watch_temporary_files()
    _temporary_files.clear()
    snapshot = leak_snapshot.Snapshot()
    returned = run_test(test, result)
    with scopes.unjudged():
        changes = snapshot.changes()
        changes += [f"temporary file left: {path}" for path in _temporary_files if os.path.lexists(path)]
        what = f"test {owner_name(test)}"
        error = isolation_errors.report_changes(what, changes, test, result) if changes else None
        if error is not None:
            result.addError(test, exc_info(error))
    return returned


@functools.cache
def _watch_temporary_files() -> None:
    for event in _TEMPORARY_FILE_EVENTS:
        audit_hook.add_listener(event, _note_temporary_file)


def _note_temporary_file(args: tuple[Any, ...]) -> None:
    path = os.fsdecode(args[0])
    if not os.path.basename(path).startswith(global_state.MULTIPROCESSING_FOLDER):  # it is kept until the process ends
        _temporary_files.append(path)
