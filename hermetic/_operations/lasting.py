"""Tells what is the same in every run: messages propose no ports, paths or process ids that were drawn for this one."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys

from .._base import features, own_files, real
from .._base.addresses import Locality, locality
from .._base.errors import ConfigurationError
from .._base.sizes import DATABASE, FILESYSTEM, NETWORK, OPT_IN, PROCESS, STRICT, Size
from .._policy import allowances, decision
from .._settings.current_run import current_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._base.records import Operation

_FIRST_DRAWN_PORT = 32768  # systems give ports from here on to sockets that ask for any
_DRAWN_NAME = r"tmp[a-z0-9_]{8}"  # as tempfile draws names
_PATH = r"""[/\\][^\s'"=,;:]*"""
_PYTHON = r"(?i)(pythonw?)[0-9.]*t?(\.exe)?"


def note_bound(sock: Any, port: Any) -> None:
    """Note that a socket is about to be bound to a port: port 0 stands for any that is free."""
    if port == 0:
        with contextlib.suppress(TypeError):  # a socket of C, or of a class with an equality of its own
            current_run.given_any_port.add(sock)


def note_listening(sock: Any, port: Any) -> None:
    """Note that a socket is about to listen on a port, which the system may have drawn."""
    with contextlib.suppress(TypeError):
        if sock in current_run.given_any_port:
            current_run.drawn_ports.add(port)


def proposing(operation: Operation, owner: object, target: str = "") -> Operation:
    """Return an operation with what its message proposes: what ``allow`` has to name, and what scripts its command.

    Args:
        operation: the operation.
        owner: the test; only tests of a ``HermeticTestCase`` have a double of their own.
        target: what ``mock.patch`` would replace; a double does not answer ``system``, imported by its name.
    """
    script = ""
    if operation.api == "os.system" and not f".{target}".endswith(".os.system"):
        operation = operation._replace(script="")
    if operation.script and _has_double(owner):
        script = f'self.subprocess.mock_run({operation.script}, stdout="...")'
    elif operation.script:
        call = f'sp.mock_run({operation.script}, stdout="...")'
        script = f"with hermetic.SubprocessMock() as sp:\n    {call}"
    return operation._replace(script=script, allowed_as=allowed_entry(operation))


def _has_double(owner: object) -> bool:
    home = next((cls for cls in type(owner).__mro__ if "subprocess" in vars(cls)), object)
    return home.__module__.startswith(__name__.partition(".")[0] + ".")


def allowed_entry(operation: Operation) -> str:
    """Return what ``allow`` has to name to allow an operation in every run; empty if nothing does."""
    field, entry = _entry(operation)
    try:
        allowance = allowances.allowance({field: [entry]}) if entry else decision.NO_ALLOWANCE
    except ConfigurationError:
        return ""
    return "" if decision.refuses(decision.Policy(Size.SMALL, allowance, STRICT, OPT_IN), operation) else entry


def _entry(operation: Operation) -> tuple[str, str]:
    if operation.kind == PROCESS:
        name = _pattern(os.path.basename(operation.command.replace("\\", "/")))
        return "processes", "python*" if re.fullmatch(_PYTHON, name) else name
    if operation.kind in (FILESYSTEM, DATABASE):
        field = "files" if operation.kind == FILESYSTEM else "databases"
        return field, _path_entry(operation.host, operation.target)
    if operation.kind != NETWORK or operation.action == "native" or operation.family == decision.OTHER:
        return "hosts", ""
    if operation.family == decision.UNIX:
        entry = _path_entry(operation.host, operation.host)
        return "hosts", entry if entry == operation.host else f"unix:{entry}"
    host = operation.host or "0.0.0.0"  # noqa: S104 - what an empty host stands for
    return "hosts", decision.join_host(host, operation.port if _is_lasting_port(operation) else None)


def _path_entry(full: str, shown: str) -> str:
    return f"*/{_pattern(os.path.basename(full))}" if is_temporary(full) else _pattern(shown)


def _is_lasting_port(operation: Operation) -> bool:
    port = operation.port
    if not isinstance(port, int) or port == 0 or port in current_run.drawn_ports:
        return False
    is_local = locality(operation.host) in (Locality.LOOPBACK, Locality.UNSPECIFIED)
    return operation.action in ("listen", "bind") or not is_local or port < _FIRST_DRAWN_PORT


def is_lasting(text: str) -> bool:
    """Whether a text, such as an argument of a command, is the same in every run."""
    return _pattern(text) == text and not any(is_temporary(path) for path in re.findall(_PATH, text))


def _pattern(text: str) -> str:
    """Replace what was drawn for this run by a star."""
    text = re.sub(_DRAWN_NAME, "*", text)
    return re.sub(r"(?<!\d)\d{2,7}(?!\d)", lambda found: "*" if _is_drawn(int(found[0])) else found[0], text)


def _is_drawn(number: int) -> bool:
    """Whether a number is a port that the system has drawn, or the id of this process, its parent or its child.

    On Windows, only the id of this process is known: to find its parent takes a snapshot of a process.
    """
    if number in current_run.drawn_ports or _FIRST_DRAWN_PORT <= number <= decision.LAST_PORT:
        return True
    if number == real.get_pid():
        return True
    if features.WINDOWS:
        return False
    if number == os.getppid():
        return True
    try:
        with real.open_file(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1]) == real.get_pid()
    except (OSError, IndexError, ValueError):
        return False


def is_temporary(full: str) -> bool:
    """Whether a path lies in a temporary folder, but not in the project, if that lies in one too."""
    root = project_root()
    return any(
        is_below(full, folder) and not (is_below(root, folder) and root != folder and is_below(full, root))
        for folder in _forms_of(*_temporary_folders())
    )


def is_below(full: str, folder: str) -> bool:
    """Whether a path is a folder, or lies in it."""
    path = os.path.normcase(full)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _temporary_folders() -> Sequence[str]:
    """Return the temporary folders that are set now, and those that were set at the start: a test may change them."""
    tempfile = sys.modules.get("tempfile")
    named = [getattr(tempfile, "tempdir", None), *_named_at_start]
    named += [real.environ.get(name) for name in own_files.TEMPORARY_FOLDER_VARIABLES]
    folders = [os.fsdecode(folder) for folder in named if isinstance(folder, (str, bytes)) and folder]
    return folders or own_files.DEFAULT_TEMPORARY_FOLDERS


@functools.lru_cache
def _forms_of(*folders: str) -> list[str]:
    """Return the forms in which folders may begin the path of a file."""
    forms = [form for folder in folders for form in (os.path.abspath(folder), _realpath(folder))]
    return [*dict.fromkeys(map(os.path.normcase, forms))]


_named_at_start = [real.environ.get(name) for name in (*own_files.TEMPORARY_FOLDER_VARIABLES, "TEST_TMPDIR")]
_realpath = os.path.realpath


@functools.lru_cache(maxsize=1)
def project_root() -> str:
    """Return the folder of the settings, normalized; empty in a child that cannot read them."""
    try:
        return os.path.normcase(current_run.settings.root)
    except ConfigurationError:  # of a child that runs elsewhere: the run itself has told
        return ""
