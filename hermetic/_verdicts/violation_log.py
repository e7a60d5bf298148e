"""Keeps and reads the violation log: the file to which the child processes of this process write violations.

A test may remove any file. If it removes the log, the entries are lost, which is an error of the test, and a new log
replaces the old one.
"""

from __future__ import annotations

import atexit
import contextlib
import os

from .._base import own_files, real, shared_files, system
from .._base.errors import GuardError, HermeticWarning
from .._settings.current_run import current_run
from . import allowed, baseline, findings, scopes, violation_data
from .log_writing import births_path, current_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .scopes import Scope


class ViolationLog:
    """The violation log of this process, and the files beside it.

    Attributes:
        path: the path of the log; None while there is none.
        beside: the paths of the files beside the log.
        scopes: the scopes that entries may belong to, by serial.
        awaits: whether children were started since the log was last read, or were still running then.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self.owner_pid = real.get_pid()
        self.beside: set[str] = set()
        self.scopes: dict[int, Scope] = {}
        self.awaits = False
        self._read_bytes = 0

    @property
    def is_mine(self) -> bool:
        """Whether there is a log, and this process reads it."""
        return self.path is not None and self.owner_pid == real.get_pid()

    def make(self) -> None:
        """Create the log, unless it exists.

        Raises:
            OSError: there is no folder or no room for it.
        """
        if self.path is not None and not self._is_whole():
            self._replace()
        if self.path is None:
            with scopes.unjudged():
                path = own_files.new_file("hermetic-")
            self._tell_baseline(path)
            self.path = path

    def make_beside(self, path: str) -> None:
        """Create a file beside the log, unless it exists."""
        if path not in self.beside:
            # First the file, then the entry: another thread may be doing the same.
            real.open_file(path, "ab", opener=own_files.open_private).close()
            self.beside.add(path)

    def read_lines(self) -> Iterator[bytes]:
        """Yield the complete lines that were not read before."""
        assert self.path is not None
        awaits = self.awaits and any(True for _ in current_run.living_children())
        if not self._is_whole():
            self._replace()
            return
        try:
            with real.open_file(self.path, "rb") as file:
                file.seek(self._read_bytes)
                lines = file.read().splitlines(keepends=True)
        except OSError:  # too many open files: the lines are read the next time
            return
        self.awaits = awaits
        for line in lines:
            if line.endswith(b"\n"):
                self._read_bytes += len(line)
                yield line

    def _is_whole(self) -> bool:
        """Whether the log exists and has not become shorter than what was read."""
        assert self.path is not None
        try:
            return bool(real.stat(self.path).st_size >= self._read_bytes)
        except OSError:
            return False

    def _replace(self) -> None:
        """Replace a log that was lost by a new one at the same path, which children know."""
        path, self.path = self.path, None
        assert path is not None
        if self.awaits:
            scopes.running.faults.append(_lost_error(path))
        self.beside.clear()
        self._read_bytes, self.awaits = 0, False
        with contextlib.suppress(OSError):  # the next log is created elsewhere
            with contextlib.suppress(FileNotFoundError):
                real.unlink(path)
            system.close(own_files.open_private(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            self._tell_baseline(path)
            self.path = path

    def _tell_baseline(self, path: str) -> None:
        known = baseline.tell_children(path)
        if known is not None:
            self.beside.add(known)


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """For a block, refuse to start a process whose violations could not be recorded.

    Raises:
        GuardError: the log cannot be created; the error was recorded.
    """
    try:
        yield
    except OSError as error:
        fault = GuardError(
            f"[H009] no report file: hermetic could not create the file for violations of child processes: {error}\n"
            "  hermetic refuses to start a process whose violations cannot be reported.\n"
            "  Set TMPDIR to a folder that this process can write to, and that has free space."
        )
        scopes.running.faults.append(fault)
        raise fault from error


def _lost_error(path: str) -> GuardError:
    return GuardError(
        f"[H009] lost report: the file for violations of child processes was removed or emptied: {path}\n"
        "  The test started child processes, or some were still running. Their violations may be lost.\n"
        "  Find what removes, empties or locks the folder for temporary files during the test."
    )


def prepare_log(scope: Scope) -> None:
    """Make sure that a process started in a scope can send its violations."""
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
    with scopes.running.lock:
        log: ViolationLog | None = scopes.running.log
        if log is None or log.owner_pid != scope.home:  # a forked worker that runs tests of its own has its own log
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
        shared_files.at_last(_replace, f"{path}.new", path)


def collect_entries() -> None:
    """Move what child processes have written since the last call to the ledgers of their scopes."""
    log = _own_log()
    if log is None:
        return
    with scopes.running.lock:  # until the lines are taken, other threads have nothing to look at, either
        _take_lines([*log.read_lines()], log)
        # A scope keeps its test alive: later entries of a test that has ended are reported by its id.
        for serial in [serial for serial, scope in tuple(log.scopes.items()) if scope.ended]:
            log.scopes.pop(serial, None)


def _take_lines(lines: list[bytes], log: ViolationLog) -> None:
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
            findings.take_where(scope.ledger, lambda found: found.violation.code == code)
        scopes.record(scope, error)
    else:
        scopes.running.late.append((error.violation.test, error))
