"""Known violations: those that the configuration lists happen as before, and are counted instead of reported.

An entry is one line: the code, the test, and what it aimed at, without what differs between runs (ports, versions,
seconds, temporary files).
"""

from __future__ import annotations

from .._base import own_files, real
from .._base.sizes import DATABASE, FILESYSTEM, NETWORK, PROCESS
from .._policy.decision import INET
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._base.records import Operation, Violation
    from .scopes import Scope

_PYTHON = r"(?i)(pythonw?)[0-9.]*t?(\.exe)?"
_CODES = frozenset({"H001", "H002", "H003", "H004", "H005", "H006"})  # what a size does not allow


def entry_of(violation: Violation) -> str:
    """The entry that makes a violation a known one; empty for what cannot be one."""
    if violation.code not in _CODES:
        return ""
    words = f"{violation.code} {violation.test} {_lasting(violation.operation)}".split()
    return " ".join(words).encode(errors="backslashreplace").decode()


def _lasting(operation: Operation) -> str:
    """What an operation aimed at, as it is in every run."""
    if operation.kind == NETWORK and operation.family == INET:
        return operation.host.lower()
    if operation.kind == PROCESS:
        name = operation.command.replace("\\", "/").rpartition("/")[2] or operation.action
        import re  # as the settings: not worth its start-up time in the children of tests

        python = re.fullmatch(_PYTHON, name)
        return python[1] if python else name
    if operation.host and (operation.kind in (FILESYSTEM, DATABASE) or operation.kind == NETWORK):
        from .._operations.file_events import is_temporary  # for runs that have known violations

        return "a temporary file" if is_temporary(operation.host) else operation.target
    return ""


def is_known(scope: Scope, violation: Violation) -> bool:
    """Whether the configuration lists a violation; in a child, that of the run."""
    if scope.home == real.get_pid():
        entries = _entries()
        return bool(entries) and entry_of(violation) in entries
    if scope.report_path is None:
        return False
    try:
        with real.open_file(path_for_children(scope.report_path), encoding="utf-8") as file:
            return entry_of(violation) in file.read().splitlines()
    except OSError:
        return False  # there are none


def _entries() -> frozenset[str]:
    try:
        return current_run.settings.baseline
    except ImportError:  # the interpreter ends, and imports nothing any more: whatever happens now is refused
        return frozenset()


def tell_children(report_path: str) -> str | None:
    """Write the known violations where children look for them.

    Returns:
        The path of the file; None where there are none.
    """
    entries = _entries()
    if not entries:
        return None
    path = path_for_children(report_path)
    with real.open_file(path, "w", encoding="utf-8", opener=own_files.open_private) as file:
        file.write("".join(f"{entry}\n" for entry in entries))
    return path


def path_for_children(report_path: str) -> str:
    """The file beside a report file that lists the known violations."""
    return f"{report_path}.known"
