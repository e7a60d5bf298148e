"""Sends the violations of a child process to the run, by appending them to the violation log of its test."""

from __future__ import annotations

import contextlib

from .._base import real, shared_files, system
from .._policy import messages
from . import scopes, violation_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._base.records import Violation
    from .scopes import Scope

END_STATUS = 70  # the exit code of a process that must not go on: EX_SOFTWARE
_MAX_BYTES = 1_000_000  # by one process for one test: a loop over a refused call must not fill the disk


def test_now(scope: Scope) -> Scope:
    """Return the scope that operations of a child belong to: its own, or that of a later test which is running now."""
    if scope.log_path is None:
        return scope
    try:
        with shared_files.at_last(real.open_file, current_path(scope.log_path), "rb") as file:
            text = file.read()
    except OSError:
        return scope  # no later test has begun
    import json

    fields = json.loads(text)
    if fields["serial"] <= scope.serial:
        return scope
    later = scopes.Scope(fields["test"], violation_data.policy_of(fields["policy"])).within(scope)
    later.serial = later.serial_in_log = fields["serial"]
    return later


def current_path(log_path: str) -> str:
    """Return the path of the file beside a log that names the test that is running now."""
    return f"{log_path}.current"


def births_path(scope: Scope) -> str:
    """Return the path of the file beside a log whose size is the number of processes that were started in a scope."""
    return f"{scope.log_path}.{scope.births_of or scope.serial}"


def send_violation(scope: Scope, violation: Violation, *, warned: bool, silently: bool = False) -> bool:
    """In a child process, send a violation to the run. In the run's process, do nothing.

    Args:
        warned: whether it was allowed to happen.
        silently: whether to omit the warning about it nevertheless.

    Returns:
        Whether this is a child process.
    """
    if scope.home == real.get_pid():
        return False
    if scope.log_path is not None:
        entry = log_entry(scope.known_serial, violation, warned=warned, silently=silently)
        _send(scope.log_path, entry, messages.violation_text(violation), is_verdict=not warned)
    return True


def send_fault(scope: Scope, text: str) -> None:
    """In a child process, send the message of an internal error to the run."""
    if scope.log_path is not None:
        _send(scope.log_path, {"serial": scope.known_serial, "fault": text}, text, is_verdict=True)


def log_entry(serial: int, violation: Violation, *, warned: bool, silently: bool) -> dict[str, Any]:
    """Return a violation as an entry of a violation log."""
    fields = violation_data.violation_fields(violation)
    return {"serial": serial, "warned": warned, "silently": silently, "violation": fields}


def _send(log_path: str, entry: dict[str, Any], text: str, *, is_verdict: bool) -> None:
    """Write an entry to a violation log.

    Args:
        text: shown on stderr if the entry cannot be written.
        is_verdict: whether to end this process if the entry cannot be written. Its program may swallow the error, and
            the test then sees the exit code.
    """
    try:
        write_entry(log_path, entry)
    except FileNotFoundError:
        pass  # the run is over, and the log was removed
    except OSError as error:
        _show(text, error)
        if is_verdict:
            real.exit_process(END_STATUS)


def write_entry(log_path: str, entry: dict[str, Any]) -> None:
    """Write an entry to a violation log, unless this process has written too much about its test already.

    Raises:
        OSError: the log does not exist, or the disk has no room for the whole entry.
    """
    import json

    line = json.dumps(entry).encode() + b"\n"
    kind, sent = (log_path, entry["serial"], bool(entry.get("warned"))), scopes.running.bytes_sent
    sent[kind] = sent.get(kind, 0) + len(line)
    if sent[kind] > max(_MAX_BYTES, len(line)):
        return  # the entries before show what this process did
    shared_files.append(log_path, line)


def _show(text: str, error: OSError) -> None:
    shown = f"hermetic could not report this to the run: {error}\n{text}\n"
    with contextlib.suppress(OSError):  # stderr is closed, or on the same full disk
        system.write(2, shown.encode(errors="backslashreplace"))
