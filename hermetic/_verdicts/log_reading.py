"""Collects the violations of child processes and sub-interpreters in the process that runs their test.

parent  a process is about to start in a scope  -> prepare_log(): a violation log, whose path the scope gets
child   by fork: has the scope in memory; else it is told (inheritance), and enters the scope
child   a violation                             -> log_writing: one line in the log; then it is raised as usual
parent  before a ledger is read                 -> collect_entries(): to the ledgers of their scopes, or late
"""

from __future__ import annotations

import atexit
import contextlib
import os

from .._base import own_files, real
from .._base.errors import GuardError, HermeticWarning
from .._settings.current_run import current_run
from . import allowed, scopes, violation_data
from .log_writing import births_path, current_path
from .violation_log import ViolationLog, refusing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .scopes import Scope


def prepare_log(scope: Scope) -> None:
    """Make sure that a process started in a scope can send its violations.

    Raises:
        GuardError: it could not.
    """
    if scope.home != real.get_pid():
        return  # a child of the test: its own children write to the same log
    log = expect_entries(scope)
    scopes.running.has_log = True
    answering = scope.charged_to or scope
    if answering.children_before is None:
        answering.children_before = frozenset(current_run.living_children())
    with refusing():
        log.make_beside(births_path(scope))
    log.awaits = True


def expect_entries(scope: Scope) -> ViolationLog:
    """Make sure that other processes can send the violations of a scope of this process.

    Returns:
        The log.

    Raises:
        GuardError: there can be no log.
    """
    log: ViolationLog | None = scopes.running.log
    if log is None or log.owner_pid != scope.home:  # a forked worker that runs tests of its own has a log of its own
        log = scopes.running.log = ViolationLog()
    if log.path is None:
        atexit.register(close_log)
    with refusing():
        log.make()
    entered: Scope | None = scope
    while entered is not None:  # a forked child may leave the block that it was forked in
        answering = entered.charged_to or entered
        entered.has_children = answering.has_children = answering.touched = True
        entered.log_path = log.path
        log.scopes[entered.serial] = answering
        entered = entered.outer
    return log


def _own_log() -> ViolationLog | None:
    """Return the log that this process reads; None if there is none."""
    log: ViolationLog | None = scopes.running.log
    return log if log is not None and log.is_mine else None


def close_log() -> None:
    """Collect what is in this process's log, and remove it."""
    collect_entries()
    log = _own_log()
    if log is not None and log.path is not None:
        current = current_path(log.path)
        for path in (log.path, current, f"{current}.new", *log.beside):
            with contextlib.suppress(OSError):  # the temporary folder was removed before
                real.unlink(path)
        log.path = None
        log.beside.clear()
        scopes.running.has_log = False


def announce_test(scope: Scope, _replace: Any = os.replace) -> None:
    """Tell the processes that have outlived their test which test is running now."""
    log = _own_log()
    if log is None or log.path is None or scopes.running.process is not scope:
        return
    import json

    scope.has_children = scope.touched = True  # violations of those processes belong to it
    log.scopes[scope.serial] = scope
    path, policy = current_path(log.path), violation_data.policy_fields(scope.policy)
    with contextlib.suppress(OSError):  # the temporary folder was removed
        with real.open_file(f"{path}.new", "w", encoding="utf-8", opener=own_files.open_private) as file:
            json.dump({"serial": scope.serial, "test": scope.name, "policy": policy}, file)
        _replace(f"{path}.new", path)


def collect_entries() -> None:
    """Move what child processes have written since the last call to the ledgers of their scopes."""
    log = _own_log()
    if log is None:
        return
    lines = [*log.read_lines()]
    if lines:
        import json
    unread: list[tuple[bytes, Exception]] = []
    for line in lines:
        try:
            _take(json.loads(line), log)
        except (ValueError, RecursionError) as error:
            unread.append((line, error))
    if unread:
        scopes.running.faults.append(_unread_error(*unread[0], count=len(unread)))
    # A scope keeps its test alive: later entries of a test that has ended are reported by its id.
    log.scopes = {serial: scope for serial, scope in log.scopes.items() if not scope.ended}


def _unread_error(line: bytes, error: Exception, *, count: int) -> GuardError:
    return GuardError(
        f"[H009] unread report: child processes wrote {count} report lines that cannot be read; the first is"
        f" {line!r:.200}: {error}\n"
        "  What the child process did is not known, and may be a violation.\n"
        "  Find what writes to the report file of hermetic, or what keeps a child process from writing whole lines."
    )


def _take(entry: Any, log: ViolationLog) -> None:
    if type(entry) is not dict or type(entry.get("serial")) is not int:
        raise ValueError("it is not a report")
    if type(entry.get("fault")) is str:
        scopes.running.faults.append(GuardError(entry["fault"]))
        return
    error = violation_data.violation_error(violation_data.violation_of(entry.get("violation")))
    if entry.get("warned"):
        try:
            allowed.note_allowed(error.violation, silently=bool(entry.get("silently")))
        except HermeticWarning:  # the warning filters turn warnings into errors
            pass
        else:
            return
    scope = log.scopes.get(entry["serial"])
    code, action = error.violation.code, error.violation.operation.action
    if code == "H008" and scope is not None and (scope.is_reported or scope.met_ceiling):
        return  # the last processes of a fork bomb repeat what is known
    if code == "H008" and action != "stray" and (scope is None or scope.ended):
        return  # the same, after the test
    if scope is not None:
        if action == "ceiling":
            scope.met_ceiling = True  # this one entry is enough
            scope.ledger[:] = [found for found in scope.ledger if found.violation.code != code]
        scopes.record(scope, error)
    else:
        scopes.running.late.append((error.violation.test, error))
