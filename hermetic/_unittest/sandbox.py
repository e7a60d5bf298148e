"""Whether workers are sandboxed: what was asked for, and what this machine has."""

from __future__ import annotations

import sys

from .._errors import ConfigurationError, IsolationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .. import _config

__unittest = True

_GO_ON = "go on without it: sandbox = off, or with it where there is one: sandbox = auto"


def is_wanted(sandbox: str) -> bool:
    """Whether a worker is to be sandboxed.

    Args:
        sandbox: ``kernel``, ``auto`` or ``off``, as of its group.

    Raises:
        IsolationError: it must be, and cannot.
    """
    if sandbox == "off":
        return False
    reason = _missing()
    if reason and sandbox == "kernel":
        raise IsolationError(f"[H007] the kernel layer is not available here: {reason}; {_GO_ON}")
    return not reason


def announce(settings: _config.Settings) -> None:
    """Say whether a run has what its settings ask for: in one line, where they leave it open.

    Raises:
        ConfigurationError: it has not, and must.
    """
    if settings.sandbox == "off" or settings.no_isolation:
        return
    reason = _missing()
    if settings.sandbox == "auto":
        sys.stderr.write(f"sandbox: {f'off: {reason}' if reason else 'kernel'}\n")
    elif reason:
        raise ConfigurationError(f"sandbox = kernel: the kernel layer is not available here: {reason}; {_GO_ON}")


def _missing() -> str:
    from .._sandbox import availability  # for those who ask

    return availability.missing()
