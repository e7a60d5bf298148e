"""Decides whether workers are sandboxed, from the settings and what this machine supports."""

from __future__ import annotations

import sys

from .._base.errors import ConfigurationError, DecorationError, IsolationError
from .._settings.current_run import current_run
from .._verdicts.scopes import owner_name
from . import policies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_NAMED = 3

_GO_ON = "set sandbox = off to run without it, or sandbox = auto to use it where it is available"


def is_wanted(sandbox: str) -> bool:
    """Whether to sandbox a worker.

    Args:
        sandbox: ``kernel``, ``auto``, or ``off``: the choice of its group.

    Raises:
        IsolationError: the group requires a sandbox, and this machine has none.
    """
    if sandbox == "off":
        return False
    reason = _missing()
    if reason and sandbox == "kernel":
        raise IsolationError(f"[H007] the kernel sandbox is not available here: {reason}; {_GO_ON}")
    return not reason


def is_in_force() -> bool:
    """Whether the program runs all of its tests in sandboxed workers: the setting ``sandbox``."""
    settings = current_run.settings
    return current_run.is_program and settings.sandbox != "off" and not settings.no_isolation and not _missing()


def announce() -> None:
    """Check the setting ``sandbox`` when the program starts, and report in one line what follows from it.

    Raises:
        ConfigurationError: the setting requires a sandbox, and this machine has none.
    """
    settings = current_run.settings
    if settings.sandbox == "off":
        return
    if settings.no_isolation:
        sys.stderr.write("sandbox: off, because only workers can be sandboxed and no_isolation is on\n")
        return
    reason = _missing()
    if settings.sandbox == "auto":
        sys.stderr.write(f"sandbox: {f'off, because {reason}' if reason else 'kernel'}\n")
    elif reason:
        raise ConfigurationError(f"sandbox = kernel: the kernel sandbox is not available here: {reason}; {_GO_ON}")


def tell_of_others(tests: list[Any]) -> None:
    """Print which tests with a size run without a sandbox, because no worker can run them."""
    names = [owner_name(test) for test in tests if _is_held(test)]
    if names:
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        listed = ", ".join(names[:_MAX_NAMED])
        sys.stderr.write(f"sandbox: off for {listed}{more}, because no worker can run them (see run-in-parallel.md)\n")


def _is_held(test: Any) -> bool:
    try:
        return policies.is_held(test)
    except DecorationError:  # reported where the test runs
        return False


def _missing() -> str:
    """What this machine lacks for a sandbox; empty for nothing."""
    from .._sandbox import availability  # saves 3 ms in runs without a sandbox

    return availability.missing()
