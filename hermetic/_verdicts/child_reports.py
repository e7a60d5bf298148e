"""The way home of what is found in child processes and sub-interpreters.

parent  a process is about to start in a scope  -> prepare(): a report file, and the scope's address in it
child   by fork: has it all in memory; else it is told (inheritance), and enters the scope
child   a violation                              -> one line appended to the report file, then raised as ever
parent  collect(), before a ledger is read       -> the lines go to the ledgers of their scopes, or are late
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os

from .._base import own_files, real, system
from .._base.errors import (
    DatabaseViolationError,
    FilesystemViolationError,
    GuardError,
    HermeticWarning,
    MultiprocessingViolationError,
    NetworkViolationError,
    SleepViolationError,
    SubprocessViolationError,
    TimeLimitViolationError,
    ViolationError,
)
from .._base.sizes import DATABASE, FILESYSTEM, MULTIPROCESSING, NETWORK, PROCESS, SLEEP, TIME, Size
from .._policy import decision, messages
from .._settings.current_run import current_run
from . import allowed, report_files, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.records import Violation
    from .._policy.decision import Policy
    from .scopes import Scope

ERRORS: dict[str, type[ViolationError]] = {
    NETWORK: NetworkViolationError,
    FILESYSTEM: FilesystemViolationError,
    PROCESS: SubprocessViolationError,
    DATABASE: DatabaseViolationError,
    SLEEP: SleepViolationError,
    MULTIPROCESSING: MultiprocessingViolationError,
    TIME: TimeLimitViolationError,
}

END_STATUS = 70  # of a process that must not go on: EX_SOFTWARE
_MAX_REPORT_BYTES = 1_000_000  # by a process in a test: one that loops over a refused call must not fill the disk
_sent: dict[tuple[str, int, bool], int] = {}  # the bytes sent, by the file, the scope's serial, and whether warned


_reports = report_files.Reports()


def prepare(scope: Scope) -> None:
    """See to it that a process started in a scope can report."""
    if scope.home != real.get_pid():
        return  # this is a child of the test: its own children report where it does
    expect_reports(scope)
    scopes.running.has_reports = True
    answering = scope.charged_to or scope
    answering.touched = True
    if answering.children_before is None:
        answering.children_before = frozenset(current_run.living_children())
    with report_files.refusing():
        _reports.make_beside(births_path(scope))
    _reports.awaits = True


def expect_reports(scope: Scope) -> None:
    """See to it that what others find out about a scope of this process can be reported.

    Raises:
        GuardError: it cannot.
    """
    global _reports  # noqa: PLW0603 - a forked worker that runs tests of its own reads a file of its own
    if _reports.owner_pid != scope.home:
        _reports = report_files.Reports()
    if _reports.path is None:
        atexit.register(close)
    with report_files.refusing():
        _reports.make()
    entered: Scope | None = scope
    while entered is not None:  # a forked child may leave the block that it was forked in
        answering = entered.charged_to or entered
        entered.has_children = answering.has_children = True
        entered.report_path = _reports.path
        _reports.scopes[entered.serial] = answering
        entered = entered.outer


def close() -> None:
    """Take what there is in this process's report file, and remove it."""
    collect()
    if _reports.is_mine and _reports.path is not None:
        current = _current_path(_reports.path)
        for path in (_reports.path, current, f"{current}.new", *_reports.beside):
            with contextlib.suppress(OSError):  # the temporary folder was cleaned before us
                real.unlink(path)
        _reports.path = None
        _reports.beside.clear()
        scopes.running.has_reports = False


def announce(scope: Scope, _replace: Any = os.replace) -> None:
    """Tell the processes that live longer than the test that started them which test is running now.

    Args:
        scope: that of the test.
    """
    if _reports.path is None or not _reports.is_mine or scopes.running.process is not scope:
        return
    import json  # the first process has loaded it

    scope.has_children = scope.touched = True  # theirs are its violations
    _reports.scopes[scope.serial] = scope
    path = _current_path(_reports.path)
    with contextlib.suppress(OSError):  # the temporary folder was removed
        with real.open_file(f"{path}.new", "w", encoding="utf-8", opener=own_files.open_private) as file:
            json.dump({"serial": scope.serial, "test": scope.name, "policy": policy_fields(scope.policy)}, file)
        _replace(f"{path}.new", path)


def test_now(scope: Scope) -> Scope:
    """The scope that what happens in a child belongs to: its own, or that of a later test which is running now."""
    if scope.report_path is None:
        return scope
    try:
        with real.open_file(_current_path(scope.report_path), encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return scope  # no later test has begun
    import json  # as above

    fields = json.loads(text)
    if fields["serial"] <= scope.serial:
        return scope
    later = scopes.Scope(fields["test"], policy_of(fields["policy"])).within(scope)
    later.serial = later.reported_as = fields["serial"]
    return later


def _current_path(report_path: str) -> str:
    return f"{report_path}.current"


def policy_fields(policy: Policy | None) -> dict[str, Any] | None:
    """A policy as plain data."""
    if policy is None:
        return None
    return {
        "size": policy.size.value,
        "mode": policy.mode,
        "allowed": [[*entries] for entries in policy.allowance],
        "forbid": [*policy.forbid],
    }


def policy_of(fields: dict[str, Any] | None) -> Policy | None:
    """The opposite."""
    if fields is None:
        return None
    allowance = decision.Allowance(*map(tuple, fields["allowed"]))
    return decision.Policy(Size(fields["size"]), allowance, fields["mode"], tuple(fields["forbid"]))


def births_path(scope: Scope) -> str:
    """The file beside the report file whose size is the number of processes that were born in a scope."""
    return f"{scope.report_path}.{scope.births_of or scope.serial}"


def report(scope: Scope, violation: Violation, *, warned: bool, silently: bool = False) -> bool:
    """In a child, send a violation home. In the parent, do nothing.

    Args:
        scope: where it belongs.
        violation: the violation.
        warned: as of ``append``.
        silently: as of ``append``.

    Returns:
        Whether this is a child.
    """
    if scope.home == real.get_pid():
        return False
    if scope.report_path is not None:
        append(scope.report_path, scope.report_serial, violation, warned=warned, silently=silently)
    return True


def append(report_path: str, serial: int, violation: Violation, *, warned: bool, silently: bool = False) -> None:
    """Write a violation to a report file.

    Args:
        report_path: the file.
        serial: of the scope.
        violation: the violation.
        warned: whether it was let happen.
        silently: whether there is to be no warning all the same.
    """
    entry = entry_of(serial, violation, warned=warned, silently=silently)
    _send(report_path, entry, messages.violation_text(violation), is_verdict=not warned)


def entry_of(serial: int, violation: Violation, *, warned: bool, silently: bool) -> dict[str, Any]:
    """A violation as an entry of a report file; arguments as of ``append``."""
    return {"serial": serial, "warned": warned, "silently": silently, "violation": violation_fields(violation)}


def send_fault(scope: Scope, text: str) -> None:
    """In a child, send the message of an internal error home.

    Args:
        scope: the one in force.
        text: the message.
    """
    if scope.report_path is not None:
        _send(scope.report_path, {"serial": scope.report_serial, "fault": text}, text, is_verdict=True)


def _send(report_path: str, entry: dict[str, Any], text: str, *, is_verdict: bool) -> None:
    """Write an entry to a report file.

    Args:
        report_path: the file.
        entry: what ``_take`` reads.
        text: shown on stderr if the entry cannot be written.
        is_verdict: whether this process has to end if the entry cannot be written: the program may go on as if
            nothing had been, and then its test has to see this.
    """
    try:
        write(report_path, entry)
    except FileNotFoundError:
        pass  # the run is over, and its file with it
    except OSError as error:
        _tell_where_it_is_seen(text, error)
        if is_verdict:
            real.exit_process(END_STATUS)


def write(report_path: str, entry: dict[str, Any]) -> None:
    """Write an entry to a report file, unless this process has written much about its test already.

    Args:
        report_path: the file.
        entry: what ``_take`` reads.

    Raises:
        OSError: the file is not there, or there is no room for all of it.
    """
    import json  # not worth its start-up time before the first report

    line = json.dumps(entry).encode() + b"\n"
    kind = report_path, entry["serial"], bool(entry.get("warned"))
    _sent[kind] = _sent.get(kind, 0) + len(line)
    if _sent[kind] > max(_MAX_REPORT_BYTES, len(line)):
        return  # the run knows what this process did in this test by the entries before
    # Without waiting: a test may have put a pipe in its place, which nobody reads.
    handle = system.open_fd(report_path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0))
    try:
        _write_whole(handle, line)
    finally:
        system.close(handle)


def _write_whole(handle: int, line: bytes) -> None:
    """Write a line at once, so that lines do not mix.

    Raises:
        OSError: there is no room for all of it.
    """
    if system.write(handle, line) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _tell_where_it_is_seen(text: str, error: OSError) -> None:
    shown = f"hermetic: this could not be reported to the run: {error}\n{text}\n"
    with contextlib.suppress(OSError):  # it is closed, or as full
        system.write(2, shown.encode(errors="backslashreplace"))


def collect() -> None:
    """Take what children have reported since the last time to the ledgers of their scopes."""
    if not _reports.is_mine:
        return
    lines = [*_reports.read_lines()]
    if lines:
        import json  # as above
    unread: list[tuple[bytes, Exception]] = []
    for line in lines:
        try:
            _take(json.loads(line))
        except (ValueError, RecursionError) as error:
            unread.append((line, error))
    if unread:
        scopes.running.faults.append(_unread_error(*unread[0], count=len(unread)))
    # A scope holds its test: what children report of one that has ended, and that was read, goes by its id.
    _reports.scopes = {serial: scope for serial, scope in _reports.scopes.items() if not scope.ended}


def violation_fields(violation: Violation) -> dict[str, Any]:
    """A violation as plain data."""
    parts = {"operation": violation.operation._asdict(), "site": violation.site._asdict()}
    return {**violation._asdict(), **parts}


def violation_of(fields: Any) -> Violation:
    """The opposite, of what another process has told.

    Raises:
        ValueError: it is no violation.
    """
    from .._base.records import CallSite, Operation, Violation  # not worth their start-up time before the first report

    try:
        parts = {"operation": _record_of(Operation, fields["operation"]), "site": _record_of(CallSite, fields["site"])}
        violation: Violation = _record_of(Violation, {**fields, **parts})
        ERRORS[violation.operation.kind], messages.violation_text(violation)  # what has neither could not be shown
    except (TypeError, KeyError) as error:
        raise ValueError(f"it is no violation: {error}") from error
    return violation


# As they are declared; but a port is what the caller wrote, and some code has no line.
_NUMBERS = (int, bool, str, type(None))
_FIELD_TYPES = {"str": (str,), "bool": (bool,), "int | None": _NUMBERS, "int": _NUMBERS}


def _record_of(cls: Any, fields: dict[str, Any]) -> Any:
    if type(fields) is not dict:
        raise TypeError(f"{fields!r:.50} is no {cls.__name__}")
    for name, value in fields.items():
        declared = cls.__annotations__[name]
        if type(value) not in _FIELD_TYPES.get(declared, (type(value),)):
            raise TypeError(f"{name} is no {declared}")
    return cls(**fields)


def violation_error(violation: Violation, text: str = "") -> ViolationError:
    """The error of a violation.

    Args:
        violation: the violation.
        text: of the error, which may tell of further violations; by default, that of this one.
    """
    return ERRORS[violation.operation.kind](violation, text or messages.violation_text(violation))


def _unread_error(line: bytes, error: Exception, *, count: int) -> GuardError:
    return GuardError(
        f"[H009] unread report: child processes reported {count} lines that cannot be read; the first is"
        f" {line!r:.200}: {error}\n"
        "  What the child process did is not known, and may be a violation.\n"
        "  Find what writes to the report file of hermetic, or what keeps a child process from writing whole lines.\n"
        "  docs: hermetic/docs/reference/messages.md#h009"
    )


def _take(line: Any) -> None:
    if type(line) is not dict or type(line.get("serial")) is not int:
        raise ValueError("it is no report")
    if type(line.get("fault")) is str:
        scopes.running.faults.append(GuardError(line["fault"]))
        return
    error = violation_error(violation_of(line.get("violation")))
    if line.get("warned"):
        try:
            allowed.note(error.violation, silently=bool(line.get("silently")))
        except HermeticWarning:  # the filters make errors of warnings
            pass
        else:
            return
    scope = _reports.scopes.get(line["serial"])
    code, action = error.violation.code, error.violation.operation.action
    if code == "H008" and scope is not None and (scope.is_reported or scope.met_ceiling):
        return  # what the last of a bomb's processes report is no news
    if code == "H008" and action != "stray" and (scope is None or scope.ended):
        return  # the same, of a test that is over
    if scope is not None:
        if action == "ceiling":
            scope.met_ceiling = True  # nor is what the first have reported
            scope.ledger[:] = [found for found in scope.ledger if found.violation.code != code]
        scopes.record(scope, error)
    else:
        scopes.running.late.append((error.violation.test, error))
