"""Installs the parts of the guard that are always in place. Importing this file loads all of them.

Files that must not load the guard reach its modules through this one (``installation.parts``).
"""

from __future__ import annotations

from .._guards import audit, ceilings, forked_copies
from .._settings import config  # noqa: F401 - a child may not find it later: the judge asks for settings
from .._stdlib import interpreter_internals
from .._verdicts import blocks, faults, scopes, violation_log
from . import on_import, process_creation, sockets

__all__ = ["blocks", "ceilings", "faults", "forked_copies", "interpreter_internals", "violation_log"]

patch_sockets = sockets.patch_if_loaded
close_log = violation_log.close_log


def install_parts() -> None:
    """Put the patches in place, and let the judge decide on audit events."""
    process_creation.patch_process_creation()
    on_import.when_imported("_overlapped", sockets.patch_overlapped)  # of Windows
    audit.judge_events(sockets.on_new_socket)


def take_late_findings() -> list[Exception]:
    """The violations and faults that no result was there to report; handed out once."""
    try:
        violation_log.close_log()
    except Exception as error:  # noqa: BLE001 - Python would show it, and exit as if nothing had happened
        scopes.running.faults.append(error)
    return [*(error for _, error in scopes.take_late()), *faults.take()]
