"""Recognizes known violations: the baseline lists them, and they are counted instead of reported.

An entry is one line: the code, the test, and the target without what differs between runs (ports, versions, seconds,
temporary files).
"""

from __future__ import annotations

from .._base import own_files, real
from .._base.sizes import DATABASE, FILESYSTEM, NETWORK, PROCESS
from .._operations import lasting
from .._policy.decision import INET
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Operation, Violation
    from .scopes import Scope

_PYTHON = r"(?i)(pythonw?)[0-9.]*t?(\.exe)?"
_CODES = frozenset({"H001", "H002", "H003", "H004", "H005", "H006"})  # the codes of what a size forbids


def entry_of(violation: Violation) -> str:
    """Return the entry of a violation; empty for a violation that no baseline can list."""
    if violation.code not in _CODES:
        return ""
    words = f"{violation.code} {violation.test} {_lasting(violation.operation)}".split()
    return " ".join(words).encode(errors="backslashreplace").decode()


def _lasting(operation: Operation) -> str:
    """Return the part of an operation's target that is the same in every run."""
    if operation.kind == NETWORK and operation.family == INET:
        return operation.host.lower()
    if operation.kind == PROCESS:
        name = operation.command.replace("\\", "/").rpartition("/")[2] or operation.action
        import re  # needed with the first known process

        python = re.fullmatch(_PYTHON, name)
        return python[1] if python else name
    if operation.host and (operation.kind in (FILESYSTEM, DATABASE) or operation.kind == NETWORK):
        return "a temporary file" if lasting.is_temporary(operation.host) else operation.target
    return ""


def is_known(scope: Scope, violation: Violation) -> bool:
    """Whether the baseline of the run lists a violation."""
    if scope.home == real.get_pid():
        entries = _entries()
        return bool(entries) and entry_of(violation) in entries
    if scope.log_path is None:
        return False
    try:
        with real.open_file(path_for_children(scope.log_path), encoding="utf-8") as file:
            return entry_of(violation) in file.read().splitlines()
    except OSError:
        return False  # the baseline is empty


def _entries() -> frozenset[str]:
    try:
        return current_run.settings.baseline
    except ImportError:  # the interpreter ends, and imports nothing any more: whatever happens now is refused
        return frozenset()


def tell_children(log_path: str) -> str | None:
    """Write the known violations to a file beside the violation log, where child processes read them.

    Returns:
        The path of the file; None if there are no known violations.
    """
    entries = _entries()
    if not entries:
        return None
    path = path_for_children(log_path)
    with real.open_file(path, "w", encoding="utf-8", opener=own_files.open_private) as file:
        file.write("".join(f"{entry}\n" for entry in entries))
    return path


def path_for_children(log_path: str) -> str:
    """Return the path of the file beside a violation log that lists the known violations."""
    return f"{log_path}.known"
